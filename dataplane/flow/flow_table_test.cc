#include "dataplane/flow/flow_table.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <optional>
#include <unordered_map>
#include <vector>

// Every allocation by operator new in this program, counted. Not inlined, or the compiler takes the free() for a
// mistake.
static std::atomic<std::uint64_t> allocations{0};

__attribute__((noinline)) void* operator new(std::size_t bytes) {
    ++allocations;
    if (void* memory = std::malloc(bytes)) {
        return memory;
    }
    throw std::bad_alloc{};
}
__attribute__((noinline)) void operator delete(void* memory) noexcept {
    std::free(memory);
}
__attribute__((noinline)) void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace izar {
namespace {

using std::chrono::seconds;

constexpr HashSeed kSeed = HashSeed::from(2026);
const Instant kStart{seconds{1000}};

// The n-th client's key, to one VIP.
template <typename Address>
FlowKey<Address> client(std::uint32_t n, IpProtocol protocol = IpProtocol::tcp) {
    FlowKey<Address> key{};
    const Be32 number{0x0A000000 + (n >> 8)};
    std::memcpy(&key.source, &number, sizeof number);
    std::memset(&key.destination, 0xC0, sizeof key.destination);
    key.source_port = Be16{static_cast<std::uint16_t>(1024 + (n & 0xFF))};
    key.destination_port = Be16{443};
    key.protocol = protocol;
    return key;
}

// The reply key of the n-th session, from one origin.
template <typename Address>
FlowKey<Address> reply(std::uint32_t n, IpProtocol protocol = IpProtocol::tcp) {
    FlowKey<Address> key{};
    std::memset(&key.source, 0x77, sizeof key.source);
    const Be32 number{0x0B000000 + (n >> 15)};
    std::memcpy(&key.destination, &number, sizeof number);
    key.source_port = Be16{8080};
    key.destination_port = Be16{static_cast<std::uint16_t>(1024 + (n & 0x7FFF))};
    key.protocol = protocol;
    return key;
}

template <typename Address>
class FlowTableTest : public testing::Test {
  protected:
    using Table = FlowTable<Address>;
    using Key = FlowKey<Address>;

    static Table make(std::uint32_t capacity) { return std::move(Table::make(capacity, kSeed).value()); }
    static FlowRef create(Table& table, const Key& key) { return table.create(key, table.hash(key), kStart); }
    static FlowRef find(const Table& table, const Key& key) { return table.find(key, table.hash(key)); }

    // The answers of find_bulk, which must be those of find.
    static std::vector<FlowRef> find_all(const Table& table, const std::vector<Key>& keys) {
        std::vector<FlowRef> out(keys.size());
        std::vector<std::uint64_t> hashes;
        for (const Key& key : keys) {
            hashes.push_back(table.hash(key));
        }
        for (std::size_t at = 0; at < keys.size(); at += kMaxBurst) {
            const std::size_t n = std::min(kMaxBurst, keys.size() - at);
            table.find_bulk(std::span(keys).subspan(at, n), std::span(hashes).subspan(at, n),
                            std::span(out).subspan(at, n));
        }
        for (std::size_t i = 0; i < keys.size(); ++i) {
            EXPECT_EQ(out[i], table.find(keys[i], hashes[i]));
        }
        return out;
    }
};
using Families = testing::Types<Ipv4Address, Ipv6Address>;
TYPED_TEST_SUITE(FlowTableTest, Families);

TYPED_TEST(FlowTableTest, ANewFlowIsFoundAndBlank) {
    auto table = this->make(10);
    const auto key = client<TypeParam>(1);
    EXPECT_FALSE(this->find(table, key));
    const FlowRef ref = this->create(table, key);
    ASSERT_TRUE(ref);
    EXPECT_EQ(ref.direction(), Direction::forward);
    EXPECT_EQ(this->find(table, key), ref);
    const auto& flow = table[ref];
    EXPECT_EQ(flow.client_key(), key);
    EXPECT_EQ(flow.flags, 0);
    EXPECT_FALSE(flow.has_session());
    EXPECT_EQ(flow.last_packet, FlowTime::of(kStart));
    EXPECT_EQ(flow.egress, kNoSlot);
    EXPECT_EQ(flow.ingress, kNoNode);
    EXPECT_EQ(flow.first_link, kNoSlot);
    EXPECT_EQ(flow.client_neighbor, kNoNeighbor);
    EXPECT_EQ(flow.service, kNoService);
    // What distinguishes it is every part of the key.
    EXPECT_FALSE(this->find(table, key.reversed()));
    EXPECT_FALSE(this->find(table, client<TypeParam>(1, IpProtocol::udp)));
    EXPECT_FALSE(this->find(table, client<TypeParam>(2)));
}

// Two packets of a new connection in one burst: find_bulk misses both, create answers both with one flow.
TYPED_TEST(FlowTableTest, CreateReturnsThePresentFlow) {
    auto table = this->make(10);
    const FlowRef first = this->create(table, client<TypeParam>(1));
    table[first].flags |= kFlowIngress;
    EXPECT_EQ(this->create(table, client<TypeParam>(1)), first);
    EXPECT_EQ(table.size(), 1U);
    EXPECT_EQ(table[first].flags, kFlowIngress);
}

TYPED_TEST(FlowTableTest, ASessionIsFoundFromBothSides) {
    auto table = this->make(10);
    const auto key = client<TypeParam>(1);
    const auto back = reply<TypeParam>(1);
    const FlowRef ref = this->create(table, key);
    ASSERT_TRUE(table.add_session(ref, table.hashed(back)));
    const FlowRef from_origin = this->find(table, back);
    ASSERT_TRUE(from_origin);
    EXPECT_EQ(from_origin.index(), ref.index());
    EXPECT_EQ(from_origin.direction(), Direction::reply);
    EXPECT_EQ(this->find(table, key), ref);
    EXPECT_TRUE(table[ref].has_session());
    EXPECT_EQ(table[ref].reply_key(), back);
    EXPECT_EQ(table.size(), 1U);

    // Nobody else gets the same reply key.
    const FlowRef other = this->create(table, client<TypeParam>(2));
    EXPECT_FALSE(table.add_session(other, table.hashed(back)));
    EXPECT_FALSE(table[other].has_session());

    table.erase(from_origin);
    EXPECT_FALSE(this->find(table, key));
    EXPECT_FALSE(this->find(table, back));
    EXPECT_TRUE(table.add_session(other, table.hashed(back)));
}

TYPED_TEST(FlowTableTest, AFullTableRefusesNewFlowsOnly) {
    auto table = this->make(3);
    std::vector<FlowRef> refs;
    for (std::uint32_t n = 0; n < 3; ++n) {
        refs.push_back(this->create(table, client<TypeParam>(n)));
    }
    EXPECT_FALSE(this->create(table, client<TypeParam>(3)));
    EXPECT_EQ(table.exhausted(), 1U);
    for (std::uint32_t n = 0; n < 3; ++n) {
        EXPECT_EQ(this->create(table, client<TypeParam>(n)), refs[n]);
    }
    table.erase(refs[1]);
    EXPECT_TRUE(this->create(table, client<TypeParam>(3)));
    EXPECT_EQ(table.size(), table.capacity());
    EXPECT_EQ(table.exhausted(), 1U);
}

TYPED_TEST(FlowTableTest, RefusesImpossibleCapacities) {
    EXPECT_FALSE(FlowTable<TypeParam>::make(0, kSeed));
    const auto huge = FlowTable<TypeParam>::make(FlowTable<TypeParam>::kMostFlows + 1, kSeed);
    ASSERT_FALSE(huge);
    EXPECT_NE(huge.error().text.find("use 1 to 1073741824"), std::string::npos);
}

TYPED_TEST(FlowTableTest, MemoryPerFlow) {
    const double bytes = static_cast<double>(this->make(262'144).bytes()) / 262'144;
    this->RecordProperty("bytes_per_flow", std::to_string(bytes));
    EXPECT_LE(bytes, sizeof(TypeParam) == 4 ? 96.0 : 160.0);
    EXPECT_NEAR(bytes, static_cast<double>(sizeof(Flow<TypeParam>)) + 2 * 8 / 0.9, 0.1);
}

// All of the promised capacity, sessions included, with flows coming and going at the full mark; the keys are counted
// against a map.
TYPED_TEST(FlowTableTest, HoldsItsCapacityThroughChurn) {
    constexpr std::uint32_t kCapacity = 60'000;
    auto table = this->make(kCapacity);
    std::unordered_map<std::uint32_t, FlowRef> present;  // by n
    Random random{5};
    std::uint32_t next = 0;
    for (int round = 0; round < 4; ++round) {
        while (table.size() < kCapacity) {
            const FlowRef ref = this->create(table, client<TypeParam>(next));
            ASSERT_TRUE(ref) << table.size();
            ASSERT_TRUE(table.add_session(ref, table.hashed(reply<TypeParam>(next)))) << table.size();
            present.emplace(next++, ref);
        }
        std::vector<FlowKey<TypeParam>> keys;
        for (std::uint32_t n = 0; n < next; ++n) {
            keys.push_back(client<TypeParam>(n));
            keys.push_back(reply<TypeParam>(n));
        }
        const auto found = this->find_all(table, keys);
        for (std::uint32_t n = 0; n < next; ++n) {
            const auto expected = present.find(n);
            ASSERT_EQ(static_cast<bool>(found[2 * n]), expected != present.end());
            ASSERT_EQ(static_cast<bool>(found[2 * n + 1]), expected != present.end());
            if (expected != present.end()) {
                ASSERT_EQ(found[2 * n], expected->second);
                ASSERT_EQ(found[2 * n + 1].index(), expected->second.index());
            }
        }
        std::erase_if(present, [&](const auto& item) {
            const bool goes = random.below(2) == 0;
            if (goes) {
                table.erase(item.second);
            }
            return goes;
        });
        ASSERT_EQ(table.size(), present.size());
    }
    EXPECT_EQ(table.exhausted(), 0U);
}

TYPED_TEST(FlowTableTest, AllocatesNothingAfterMake) {
    auto table = this->make(2'000);
    const auto before = allocations.load();
    const auto heap_before = mallinfo2().uordblks;
    for (int round = 0; round < 3; ++round) {
        for (std::uint32_t n = 0; n < 2'100; ++n) {
            if (const FlowRef ref = this->create(table, client<TypeParam>(n))) {
                table.add_session(ref, table.hashed(reply<TypeParam>(n)));
            }
        }
        table.sweep(
            kStart + seconds{100}, 3'000, [](auto&) { return Nanos{seconds{1}}; }, [](auto&) {});
        ASSERT_EQ(table.size(), 0U);
    }
    EXPECT_EQ(allocations.load(), before);
    EXPECT_EQ(mallinfo2().uordblks, heap_before);
    ::operator delete(::operator new(1));
    EXPECT_EQ(allocations.load(), before + 1) << "the counter counts";
}

TYPED_TEST(FlowTableTest, SweepExpiresTheIdleWithinItsBudget) {
    auto table = this->make(100);
    for (std::uint32_t n = 0; n < 40; ++n) {
        const auto protocol = n % 2 == 0 ? IpProtocol::tcp : IpProtocol::udp;
        const FlowRef ref = this->create(table, client<TypeParam>(n, protocol));
        table[ref].tcp_state = TcpState::established;
        if (n == 8 || n == 9) {
            table[ref].last_packet = FlowTime::of(kStart + seconds{50});
        }
    }
    std::vector<std::uint16_t> expired_ports;
    const auto sweep = [&](Nanos later, std::uint32_t budget) {
        return table.sweep(
            kStart + later, budget,
            [](const auto& flow) { return flow_timeout(flow.protocol, flow.tcp_state, FlowTimeouts{}); },
            [&](const auto& flow) { expired_ports.push_back(flow.client_port.value()); });
    };
    EXPECT_EQ(sweep(seconds{59}, 1'000), 0U);
    EXPECT_EQ(sweep(seconds{61}, 10), 4U);  // UDP's 60 s are over for 1, 3, 5 and 7; 10 visits come no further
    EXPECT_EQ(sweep(seconds{61}, 30), 15U);
    EXPECT_EQ(table.size(), 21U);
    EXPECT_EQ(sweep(seconds{61}, 1'000), 0U);
    EXPECT_EQ(sweep(seconds{111}, 1'000), 1U);  // the one heard of at 50 s
    EXPECT_EQ(expired_ports.back(), 1024 + 9);
    EXPECT_EQ(sweep(seconds{901}, 1'000), 19U);
    EXPECT_EQ(sweep(seconds{951}, 1'000), 1U);
    EXPECT_EQ(expired_ports.back(), 1024 + 8);
    EXPECT_EQ(expired_ports.size(), 40U);
    EXPECT_EQ(table.size(), 0U);
}

TYPED_TEST(FlowTableTest, VisitGoesThroughAllFlowsInParts) {
    auto table = this->make(100);
    for (std::uint32_t n = 0; n < 50; ++n) {
        this->create(table, client<TypeParam>(n));
    }
    table.erase(this->find(table, client<TypeParam>(7)));
    std::vector<std::uint16_t> seen;
    std::uint32_t at = 0;
    do {
        at = table.visit(at, 8, [&](const auto& flow) { seen.push_back(flow.client_port.value()); });
    } while (at != 0);
    EXPECT_EQ(seen.size(), 49U);
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 1024 + 7), 0);
}

// Any sequence of operations on few keys, compared with maps after every step.
TYPED_TEST(FlowTableTest, AgreesWithMaps) {
    using Key = FlowKey<TypeParam>;
    const auto run = [this] {
        constexpr std::uint32_t kKeys = 40;
        const auto capacity = *rc::gen::inRange<std::uint32_t>(1, 30);
        auto table = this->make(capacity);
        std::unordered_map<std::uint32_t, FlowRef> flows;             // by client number
        std::unordered_map<std::uint32_t, std::uint32_t> session_of;  // reply number -> client number
        const auto steps = *rc::gen::container<std::vector<std::uint32_t>>(400, rc::gen::arbitrary<std::uint32_t>());
        for (const std::uint32_t step : steps) {
            const std::uint32_t n = step / 4 % kKeys;
            const std::uint32_t m = step / 4 / kKeys % kKeys;
            const auto flow = flows.find(n);
            if (step % 4 <= 1) {
                const FlowRef ref = this->create(table, client<TypeParam>(n));
                const bool expected = flow != flows.end() || flows.size() < capacity;
                RC_ASSERT(static_cast<bool>(ref) == expected);
                if (ref && flow == flows.end()) {
                    flows.emplace(n, ref);
                }
            } else if (step % 4 == 2 && flow != flows.end() && !table[flow->second].has_session()) {
                const bool added = table.add_session(flow->second, table.hashed(reply<TypeParam>(m)));
                RC_ASSERT(added == !session_of.contains(m));
                if (added) {
                    session_of.emplace(m, n);
                }
            } else if (step % 4 == 3 && flow != flows.end()) {
                table.erase(flow->second);
                flows.erase(flow);
                std::erase_if(session_of, [&](const auto& item) { return item.second == n; });
            }
            RC_ASSERT(table.size() == flows.size());
        }
        std::vector<Key> keys;
        for (std::uint32_t n = 0; n < kKeys; ++n) {
            keys.push_back(client<TypeParam>(n));
            keys.push_back(reply<TypeParam>(n));
        }
        const auto found = this->find_all(table, keys);
        for (std::uint32_t n = 0; n < kKeys; ++n) {
            RC_ASSERT(found[2 * n] == (flows.contains(n) ? flows.at(n) : FlowRef{}));
            const bool has_session = session_of.contains(n);
            const FlowRef back =
                has_session ? FlowRef{flows.at(session_of.at(n)).index(), Direction::reply} : FlowRef{};
            RC_ASSERT(found[2 * n + 1] == back);
        }
    };
    EXPECT_TRUE(rc::check("a flow table agrees with maps", run));
}

}  // namespace
}  // namespace izar
