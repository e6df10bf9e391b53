// Nothing is allocated after start: malloc and DPDK's heap are watched while an lcore handles 100,000 packets of new
// flows, sessions, replies, keep-alives, ARP and answers of its own, with idle flows forgotten in between.
#include <gtest/gtest.h>
#include <rte_malloc.h>

#include <atomic>
#include <cstdlib>

#include "tests/pipeline/test_world.h"

namespace {

std::atomic<bool> watching{false};
std::atomic<std::uint64_t> allocations{0};

void note_allocation() {
    if (watching.load(std::memory_order_relaxed)) {
        allocations.fetch_add(1, std::memory_order_relaxed);
    }
}

}  // namespace

// g++ tells its sanitizers by macros, clang by features.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IZAR_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IZAR_SANITIZED
#endif
#endif

#ifdef IZAR_SANITIZED

// Of the sanitizer's runtime; Debian's g++ does not install the header that declares it.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*, std::size_t),
                                                         void (*on_free)(const volatile void*));

namespace {
void on_malloc(const volatile void*, std::size_t) {
    note_allocation();
}
void on_free(const volatile void*) {}
[[maybe_unused]] const int installed = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}  // namespace

#else

// glibc calls these instead of its own; operator new ends here too.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);

void* malloc(std::size_t bytes) {
    note_allocation();
    return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
    note_allocation();
    return __libc_calloc(count, bytes);
}
void* realloc(void* old, std::size_t bytes) {
    note_allocation();
    return __libc_realloc(old, bytes);
}
}

#endif

namespace izar {
namespace {

std::uint64_t dpdk_allocations() {
    rte_malloc_socket_stats stats{};
    EXPECT_EQ(rte_malloc_get_socket_stats(0, &stats), 0);
    return stats.alloc_count;
}

// 32 frames of everything; `n` makes flows new.
std::vector<std::pair<PortIndex, Bytes>> mix(std::uint32_t n) {
    const auto port = static_cast<std::uint16_t>(1024 + n % 60'000);
    const Ipv4Address from{Be32{0x0A01000AU + n / 60'000}};
    const auto overlay = [](const Bytes& inner) {
        return OverlayPacket{.inner = inner,
                             .source = ip("192.0.2.2"),
                             .destination = ip("192.0.2.1"),
                             .service = 2,
                             .sender = 2,
                             .ingress = 2};
    };
    OverlayPacket alive = overlay(keep_alive(10'000, 3, n));
    alive.geneve_flags = 0xC0;
    alive.protocol = 0x88B5;
    const Bytes client = tcp_syn().from(from, port).to("10.99.0.80", 80).mss(1460).bytes();
    const Bytes session = udp().from("10.2.0.10", port).to("10.98.0.80", 80).bytes();
    const Bytes answer = udp().from("10.1.0.80", 80).to("10.1.0.1", port).bytes();
    const Bytes refused = tcp_data().from(from, port).to("10.99.0.80", 9).bytes();
    const Bytes too_big = tcp_data().from(from, port).to("10.99.0.80", 80).long_in_all(1500).bytes();
    const Bytes unresolved = udp().from("10.2.0.10", port).to("10.97.0.80", 80).bytes();
    OverlayPacket lost = overlay(unresolved);
    lost.service = 3;
    const MacAddress mac = host_mac(IpAddress{from});
    std::vector<std::pair<PortIndex, Bytes>> out;
    for (const Bytes& packet : {client, answer, refused, too_big}) {
        out.emplace_back(kLan, ethernet(port_mac(1, kLan), mac, packet));
    }
    for (const OverlayPacket& packet : {overlay(session), alive, lost}) {
        out.emplace_back(kWan, ethernet(port_mac(1, kWan), port_mac(2, kWan), packet.bytes()));
    }
    out.emplace_back(kLan, arp_request(mac, "10.1.0.10", "10.1.0.1"));
    return out;
}

TEST(Allocation, TheWatcherSeesOne) {
    watching = true;
    auto* volatile one = new int{1};
    watching = false;
    delete one;
    EXPECT_GE(allocations.exchange(0), 1u);
}

TEST(Allocation, NoneInAHundredThousandPackets) {
    NodeOptions options;
    options.memory.flows = 8192;
    options.links.interval = std::chrono::milliseconds{10};
    TestWorld world(2, Family::ipv4, options);
    world.service(ServiceSpec{1}.at("10.99.0.80").tcp(80).egress(2).origin("10.2.0.80"))
        .service(ServiceSpec{2}.at("10.98.0.80").udp(80).egress(1).origin("10.1.0.80"))
        .service(ServiceSpec{3}.at("10.97.0.80").udp(80).egress(1).origin("10.1.0.99"));
    world.publish();
    TestNode& node = world[1];
    node.forget(kLan, ip("10.1.0.99"));
    const std::uint64_t dpdk_before = dpdk_allocations();
    Instant now = world.now;
    std::uint64_t expired_from = 0;
    for (std::uint32_t n = 0; n < 12'500; ++n) {
        for (const auto& [port, frame] : mix(n)) {
            node.put(port, frame);
        }
        now += std::chrono::milliseconds{2};
        watching = true;
        node.bare_round(0, now);
        watching = false;
        node.take(kLan);
        node.take(kWan);
        expired_from = std::max<std::uint64_t>(expired_from, node.counters().flows);
    }
    EXPECT_EQ(allocations.exchange(0), 0u);
    EXPECT_EQ(dpdk_allocations(), dpdk_before);
    EXPECT_GE(node.counters().rx, 100'000u);
    EXPECT_GT(expired_from, 1000u) << "flows were opened";
    EXPECT_LT(node.counters().flows, 12'500u * 2) << "and forgotten";
    EXPECT_TRUE(node.counters().accounted());
}

}  // namespace
}  // namespace izar
