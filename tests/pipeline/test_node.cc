#include "tests/pipeline/test_node.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <cstring>

#include "dataplane/base/check.h"
#include "dataplane/base/random.h"

namespace izar {
namespace {

rte_ring* make_ring(const std::string& name, unsigned size) {
    rte_ring* const ring = rte_ring_create(name.c_str(), size, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
    CHECK(ring != nullptr);
    return ring;
}

InterfaceAddress prefix(const std::string& text) {
    return *InterfaceAddress::parse(text);
}

// Different for every node of a process, also after an earlier one is gone: names of DPDK objects must be.
int next_life() {
    static int lives = 0;
    return lives++;
}

}  // namespace

MacAddress port_mac(int node, PortIndex port) {
    return MacAddress{{2, 0, 0, 0, static_cast<std::uint8_t>(node), raw(port)}};
}

MacAddress host_mac(const IpAddress& host) {
    const auto& bytes = host.bytes();
    const bool v4 = host.family() == Family::ipv4;
    return MacAddress{{2, 0xAA, v4 ? bytes[0] : bytes[1], v4 ? bytes[1] : bytes[3], v4 ? bytes[2] : bytes[14],
                       v4 ? bytes[3] : bytes[15]}};
}

TestNode::TestNode(int number, const NodeOptions& options)
    : number_(number), life_(next_life()), prefix_(fmt::format("t{}", life_)) {
    auto pool = make_pool(prefix_ + "_pool", options.memory.packet_buffers);
    CHECK(pool.has_value());
    pool_ = *pool;
    for (const char* name : {"lan", "wan"}) {
        open_port(name, options.ring_size, options.lcores);
    }
    if (options.taps) {
        open_port("tap", options.ring_size, options.lcores);
        ports_[raw(kLan)].exception = kLanTap;
        ports_[raw(kLanTap)].physical = kLan;
    }
    make_plane(options);
    if (!options.secrets.empty()) {
        secure(options);
    }
}

void TestNode::open_port(const std::string& name, unsigned ring_size, std::uint8_t queues) {
    Rings rings;
    for (int q = 0; q < queues; ++q) {
        rings.rx.push_back(make_ring(fmt::format("{}_{}_r{}", prefix_, name, q), ring_size));
        rings.tx.push_back(make_ring(fmt::format("{}_{}_t{}", prefix_, name, q), ring_size));
    }
    const std::string device = prefix_ + name;
    const int id = rte_eth_from_rings(device.c_str(), rings.rx.data(), queues, rings.tx.data(), queues, 0);
    CHECK(id >= 0);
    Port port;
    port.name = name;
    port.dpdk_id = static_cast<std::uint16_t>(id);
    port.queues = queues;
    const rte_eth_conf conf{};
    CHECK(rte_eth_dev_configure(port.dpdk_id, queues, queues, &conf) == 0);
    for (std::uint16_t q = 0; q < queues; ++q) {
        CHECK(rte_eth_rx_queue_setup(port.dpdk_id, q, 512, 0, nullptr, pool_) == 0);
        CHECK(rte_eth_tx_queue_setup(port.dpdk_id, q, 512, 0, nullptr) == 0);
    }
    CHECK(rte_eth_dev_start(port.dpdk_id) == 0);
    port.mac = port_mac(number_, PortIndex{static_cast<std::uint8_t>(ports_.size())});
    ports_.push_back(port);
    rings_.push_back(rings);
}

std::unique_ptr<Interfaces> TestNode::make_interfaces(const NodeOptions& options) {
    std::vector<Interface> interfaces(ports_.size());
    for (std::size_t i = 0; i < ports_.size(); ++i) {
        interfaces[i].mtu = ports_[i].mtu = options.mtu;
        interfaces[i].mac = ports_[i].mac;
    }
    Interface& lan = interfaces[raw(kLan)];
    lan.addresses = {prefix(fmt::format("10.{}.0.1/24", number_)), prefix(fmt::format("fd00:{}::1/64", number_))};
    if (options.gateways) {
        lan.gateways = {ip(fmt::format("10.{}.0.254", number_)), ip(fmt::format("fd00:{}::fe", number_))};
    }
    interfaces[raw(kWan)].addresses = {prefix(fmt::format("192.0.2.{}/24", number_)),
                                       prefix(fmt::format("2001:db8::{}/64", number_))};
    std::vector<IpAddress> egress;
    if (options.egress_addresses) {
        egress = {lan.addresses[0].address, lan.addresses[1].address};
    }
    return std::make_unique<Interfaces>(interfaces, kWan, egress);
}

void TestNode::make_plane(const NodeOptions& options) {
    auto plane =
        DataPlane::make({.name = prefix_,
                         .lcores = options.lcores,
                         .memory = options.memory,
                         .links = options.links,
                         .stamp = StampReflector{options.stamp_peers, std::chrono::hours{24}, options.stamp_nodes,
                                                 NodeId{static_cast<std::uint16_t>(number_)}},
                         .stamp_sessions = options.stamp_sessions,
                         .random = [random = Random{11}]() mutable { return random.next(); }},
                        ports_, make_interfaces(options), pool_);
    CHECK(plane.has_value());
    plane_ = std::move(*plane);
    for (std::uint8_t i = 0; i < options.lcores; ++i) {
        publisher().online(OnLcore::claim(LcoreIndex{i}));
    }
}

void TestNode::secure(const NodeOptions& options) {
    RandomFill fill = [random = Random{static_cast<std::uint64_t>(life_)}](std::span<std::uint8_t> out) mutable {
        std::ranges::generate(out, [&] { return static_cast<std::uint8_t>(random.next()); });
    };
    HandshakeSelf self{NodeId{static_cast<std::uint16_t>(number_)}, {}, options.lcores};
    fill(self.boot);
    auto made = NodeSecurity::make({self, plane_->state_list(), links(), publisher(), std::move(fill)});
    CHECK(made.has_value());
    security_ = std::move(*made);
    security_->links().replace(LinkSecrets::parse(options.secrets, "secrets").value());
}

TestNode::~TestNode() {
    for (const Port& port : ports_) {
        rte_eth_dev_stop(port.dpdk_id);
        rte_eth_dev_close(port.dpdk_id);
    }
    std::size_t held = 0;
    for (const auto& lcore : plane_->states()) {
        held += lcore->held.size();
    }
    std::size_t queued = 0;
    std::array<rte_mbuf*, kMaxBurst> taken;
    for (std::size_t i = 0; i < lcores() * lcores(); ++i) {
        const auto from = LcoreIndex{static_cast<std::uint8_t>(i / lcores())};
        const auto to = LcoreIndex{static_cast<std::uint8_t>(i % lcores())};
        while (const unsigned n = lcores() > 1 ? plane_->hand_over().take(from, to, taken) : 0) {
            queued += n;
        }
    }
    for (const Rings& rings : rings_) {
        for (rte_ring* ring : rings.rx) {
            queued += rte_ring_count(ring);
        }
        for (rte_ring* ring : rings.tx) {
            queued += rte_ring_count(ring);
        }
        std::for_each(rings.rx.begin(), rings.rx.end(), rte_ring_free);
        std::for_each(rings.tx.begin(), rings.tx.end(), rte_ring_free);
    }
    EXPECT_EQ(rte_mempool_in_use_count(pool_), held + queued) << "packet buffers lost or freed twice";
    rte_mempool_free(pool_);
}

void TestNode::publish(std::shared_ptr<const Fleet> fleet, std::shared_ptr<const ServiceTable> services,
                       const std::function<void(RouteTable&)>& fill) {
    const OnSched on_sched = OnSched::claim();
    RouteTable* const table = publisher().writable(on_sched);
    CHECK(table != nullptr);
    table->destination.fill(Destination{});
    fill(*table);
    if (security_ != nullptr) {
        security_->links().set_fleet(*fleet);
    }
    publisher().publish(on_sched, table, std::move(fleet), std::move(services), own_row);
}

void TestNode::put(PortIndex port, const Bytes& frame, std::size_t queue) {
    rte_mbuf* const m = rte_pktmbuf_alloc(pool_);
    CHECK(m != nullptr && frame.size() <= rte_pktmbuf_tailroom(m));
    char* const data = rte_pktmbuf_append(m, static_cast<std::uint16_t>(frame.size()));
    std::copy(frame.begin(), frame.end(), data);  // may be empty, which memcpy must not be given
    CHECK(rte_ring_enqueue(rings_[raw(port)].rx[queue], m) == 0);
}

void TestNode::put_packet(PortIndex port, const Bytes& packet, Instant now, std::size_t queue) {
    const SeenPacket seen = see(ethernet(MacAddress{}, MacAddress{}, packet));
    const IpAddress source = seen.overlay ? seen.overlay->source : seen.source;
    const MacAddress mac = host_mac(source);
    know(port, source, mac, now);
    put(port, ethernet(port_mac(number_, port), mac, packet), queue);
}

void TestNode::put_in_two_buffers(PortIndex port, const Bytes& frame) {
    rte_mbuf* const first = rte_pktmbuf_alloc(pool_);
    rte_mbuf* const second = rte_pktmbuf_alloc(pool_);
    CHECK(first != nullptr && second != nullptr);
    const std::size_t half = frame.size() / 2;
    std::memcpy(rte_pktmbuf_append(first, static_cast<std::uint16_t>(half)), frame.data(), half);
    const std::size_t rest = frame.size() - half;
    std::memcpy(rte_pktmbuf_append(second, static_cast<std::uint16_t>(rest)), &frame[half], rest);
    CHECK(rte_pktmbuf_chain(first, second) == 0);
    CHECK(rte_ring_enqueue(rings_[raw(port)].rx[0], first) == 0);
}

void TestNode::round(Instant now) {
    if (security_ != nullptr) {
        security_->do_work(OnSched::claim(), now);
    }
    for (std::size_t i = 0; i < lcores(); ++i) {
        round_of(i, now);
    }
}

void TestNode::round_of(std::size_t lcore, Instant now) {
    bare_round(lcore, now);
    expect_even_accounts();
}

void TestNode::expect_even_accounts() const {
    for (const auto& lcore : plane_->states()) {
        const LcoreCounters c = lcore->snapshot.read();
        EXPECT_TRUE(c.accounted()) << "node " << number_ << ": rx " << c.rx << " + made " << c.made << " + handed in "
                                   << c.handed_in << " is not tx " << c.tx << " + dropped " << c.total(Fate::dropped)
                                   << " + consumed " << c.total(Fate::consumed) << " + handed out " << c.handed_out
                                   << " + held " << c.held;
        EXPECT_EQ(c.held, lcore->held.size());
    }
}

std::vector<Bytes> TestNode::take(PortIndex port) {
    std::vector<Bytes> out;
    for (rte_ring* ring : rings_[raw(port)].tx) {
        void* object = nullptr;
        while (rte_ring_dequeue(ring, &object) == 0) {
            auto* const m = static_cast<rte_mbuf*>(object);
            const auto* const data = rte_pktmbuf_mtod(m, const std::uint8_t*);
            EXPECT_EQ(m->data_len, m->pkt_len);
            out.emplace_back(data, data + m->data_len);
            rte_pktmbuf_free(m);
        }
    }
    return out;
}

void TestNode::know(PortIndex port, const IpAddress& host, const MacAddress& mac, Instant now) {
    const NeighborIndex index = neighbors().insert(port, host);
    CHECK(index != kNoNeighbor);
    neighbors().learn(index, mac, now);
}

std::uint64_t TestNode::count(Verdict verdict) const {
    return counters().verdicts[static_cast<std::size_t>(verdict)];
}

}  // namespace izar
