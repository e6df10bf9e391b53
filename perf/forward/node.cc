#include "perf/forward/node.h"

#include <rte_mempool.h>

#include <algorithm>
#include <cstring>

#include "dataplane/base/check.h"
#include "dataplane/base/random.h"
#include "dataplane/stages/burst.h"
#include "dataplane/wire/overlay.h"
#include "perf/forward/memif_port.h"
#include "perf/forward/replay_ports.h"
#include "perf/forward/ring_port.h"

namespace izar {
namespace {

constexpr std::uint32_t kPacketBuffers = 8'192;  // of each lcore
constexpr std::uint64_t kSeed = 1;
constexpr Nanos kWholeMeasurement = std::chrono::hours{1};  // longer than any: nothing times out meanwhile

PortConfig port_config(const char* name, const std::string& device, std::uint16_t mtu) {
    PortConfig port;
    port.name = name;
    port.device = device;
    port.mtu = mtu;
    return port;
}

InterfaceAddress on_link(Ipv4Address address) {
    return {IpAddress{address}, 24};
}

std::unique_ptr<Interfaces> make_interfaces(const std::vector<Port>& ports) {
    Interface wan{kWanMtu, ports[raw(kWanPort)].mac, {on_link(wan_address(kOwnSlot))}, {}};
    Interface lan{kLanMtu, ports[raw(kLanPort)].mac, {}, {IpAddress{lan_address(kGatewayHost)}}};
    std::vector<IpAddress> nat_addresses;
    for (unsigned i = 0; i < kNatAddresses; ++i) {
        lan.addresses.push_back(on_link(lan_address(kFirstNatHost + i)));
        nat_addresses.emplace_back(lan_address(kFirstNatHost + i));
    }
    return std::make_unique<Interfaces>(std::vector<Interface>{wan, lan}, kWanPort, nat_addresses);
}

std::shared_ptr<const MaglevTable> choice_of(unsigned members) {
    std::vector<MaglevMember> equal;
    for (unsigned i = 0; i < members; ++i) {
        equal.push_back({i + 1, 1});
    }
    auto table = std::make_shared<MaglevTable>();
    build_maglev(equal, *table);
    return table;
}

std::shared_ptr<const ServiceTable> make_services(const Scenario& scenario) {
    Service service;
    service.id = kService;
    service.vip = IpAddress{service_vip()};
    service.transport = scenario.protocol == IpProtocol::tcp ? Transport::tcp : Transport::udp;
    service.duplicate = scenario.duplicate;
    service.first_port = service.last_port = kServicePort;
    service.timeouts.udp = service.timeouts.tcp_opening = service.timeouts.tcp_established = kWholeMeasurement;
    service.egresses = {{translates(scenario.role) ? kOwnId : kEastId, 1}};
    for (unsigned i = 0; i < kOrigins; ++i) {
        service.origins.push_back({IpAddress{lan_address(kFirstOriginHost + i)}, kOriginPort, 1});
    }
    service.egress_choice = choice_of(1);
    service.origin_choice = choice_of(kOrigins);
    return std::make_shared<const ServiceTable>(std::vector<Service>{service}, 1);
}

std::shared_ptr<const Fleet> make_fleet(unsigned links) {
    auto fleet = std::make_shared<Fleet>();
    fleet->version = 1;
    fleet->self = kOwnSlot;
    for (unsigned at = 0; at < 1 + 2 * links; ++at) {
        const NodeSlot slot{static_cast<std::uint16_t>(at)};
        fleet->nodes.push_back({id_of(slot), IpAddress{wan_address(slot)}, "", ""});
        fleet->slot_of_id[raw(id_of(slot))] = slot;
    }
    return fleet;
}

Path path_by(std::initializer_list<NodeId> nodes, NodeSlot first_link, std::uint32_t rtt_us) {
    Path path;
    std::ranges::copy(nodes, path.segments.begin());
    path.length = static_cast<std::uint8_t>(nodes.size());
    path.first_link = first_link;
    path.inner_mtu = kWanMtu - overlay_overhead(Family::ipv4);
    path.predicted_rtt_us = rtt_us;
    return path;
}

// Payload bytes are zero and stay so: what the generator rewrites and what the node writes lie in front of them.
void clear_buffer(rte_mempool*, void*, void* object, unsigned) {
    auto* const m = static_cast<rte_mbuf*>(object);
    std::memset(m->buf_addr, 0, m->buf_len);
}

}  // namespace

Result<std::unique_ptr<TestNode>> TestNode::make(const Scenario& scenario, const TscClock& clock) {
    std::unique_ptr<TestNode> node(new TestNode);
    node->links_ = scenario.links;
    if (auto done = node->open(scenario, clock); !done) {
        return tl::unexpected(done.error());
    }
    node->fleet_ = make_fleet(scenario.links);
    node->services_ = make_services(scenario);
    node->meet_neighbors(clock.now());
    node->raise_links(clock.now());
    CHECK(node->publish_routes(OnSched::claim(), false));
    return node;
}

Result<std::vector<Port>> TestNode::open_ports_of(const Scenario& scenario, const TscClock& clock) {
    constexpr std::array kNames = {"wan", "lan"};
    constexpr std::array kMtus = {kWanMtu, kLanMtu};
    EdgeConfig config;
    config.lcores = scenario.lcores;
    if (scenario.ports == PortKind::pcap) {
        return open_replay_ports(scenario, {port_config(kNames[0], "", kMtus[0]), port_config(kNames[1], "", kMtus[1])},
                                 pool_);
    }
    std::vector<MemifPort*> greeted;
    for (unsigned at = 0; at < wires_.size(); ++at) {
        if (scenario.ports == PortKind::ring) {
            auto wire = RingPort::make(kNames[at], scenario);
            if (!wire) {
                return tl::unexpected(wire.error());
            }
            wires_[at] = std::move(*wire);
            config.ports.push_back(port_config(kNames[at], "net_ring", kMtus[at]));
        } else {
            auto wire = MemifPort::make(kNames[at], at, pool_);
            if (!wire) {
                return tl::unexpected(wire.error());
            }
            greeted.push_back(wire->get());
            wires_[at] = std::move(*wire);
            config.ports.push_back(port_config(kNames[at], MemifPort::node_device(at), kMtus[at]));
        }
    }
    auto ports = open_ports(config, pool_);
    for (const MemifPort* wire : greeted) {
        if (auto up = ports ? wire->wait_until_up(clock) : Result<void>{}; !up) {
            close_ports(*ports);
            return tl::unexpected(up.error());
        }
    }
    return ports;
}

Result<void> TestNode::open(const Scenario& scenario, const TscClock& clock) {
    const std::uint32_t buffers = kPacketBuffers * scenario.lcores;
    auto pool = make_pool("packets", buffers);
    if (!pool) {
        return tl::unexpected(pool.error());
    }
    pool_ = *pool;
    rte_mempool_obj_iter(pool_, clear_buffer, nullptr);
    auto ports = open_ports_of(scenario, clock);
    if (!ports) {
        return tl::unexpected(ports.error());
    }
    const std::vector<Port> opened = *ports;
    DataPlaneOptions options{.name = "rig", .random = [random = Random{kSeed}]() mutable { return random.next(); }};
    options.lcores = scenario.lcores;
    options.memory.packet_buffers = buffers;
    options.memory.flows = std::max(options.memory.flows, scenario.flows);
    options.memory.flows_ipv6 = 1'024;
    options.links.interval = kWholeMeasurement;
    options.idle = scenario.naps ? IdleMode::sleep : IdleMode::spin;
    auto plane = DataPlane::make(options, opened, make_interfaces(opened), pool_);
    if (!plane) {
        close_ports(opened);
        return tl::unexpected(plane.error());
    }
    plane_ = std::move(*plane);
    if (scenario.sealed) {
        auto sealed_links = SealedLinks::make(state().security, scenario.links);
        if (!sealed_links) {
            return tl::unexpected(sealed_links.error());
        }
        sealed_links_ = std::move(*sealed_links);
    }
    return {};
}

// Every next hop has told its MAC address, and nobody asks again within the measurement.
void TestNode::meet_neighbors(Instant now) {
    const auto meet = [&](PortIndex port, Ipv4Address address, unsigned number) {
        const NeighborIndex index = plane_->neighbors().insert(port, IpAddress{address});
        plane_->neighbors().learn(index, mac_of(number), now + kWholeMeasurement);
    };
    for (unsigned link = 0; link < links_; ++link) {
        meet(kWanPort, wan_address(west_slot(link)), raw(west_slot(link)));
        meet(kWanPort, wan_address(east_slot(link)), raw(east_slot(link)));
    }
    meet(kLanPort, lan_address(kGatewayHost), kGatewayHost);
    for (unsigned i = 0; i < kOrigins; ++i) {
        meet(kLanPort, lan_address(kFirstOriginHost + i), kFirstOriginHost + i);
    }
}

// As if all peers had been heard, with an interval between keep-alives longer than the measurement.
void TestNode::raise_links(Instant now) noexcept {
    for (unsigned at = 1; at <= 2 * links_; ++at) {
        LinkCell& cell = plane_->links().cell(NodeSlot{static_cast<std::uint16_t>(at)});
        cell.keep_alives = kHeardForUp;
        cell.last_heard = now.time_since_epoch().count();
        cell.peer_interval = kWholeMeasurement.count();
        cell.peer_multiplier = 1;
        cell.down = 0;
    }
}

bool TestNode::publish_routes(const OnSched& on_sched, bool detour) noexcept {
    RouteTable* const table = publisher().writable(on_sched);
    if (table == nullptr) {
        return false;
    }
    std::ranges::fill(table->of(kDefaultPolicy), Destination{});
    const Path direct = path_by({kEastId}, kEastSlot, 20'000);
    const Path by_west = path_by({kWestId, kEastId}, kWestSlot, 20'000);
    Destination& east = table->destination[raw(kEastSlot)];
    east.path[0] = detour ? by_west : direct;
    east.path[1] = detour ? direct : by_west;
    east.backup = {1, 0};
    east.path_count = 2;
    Destination& west = table->destination[raw(kWestSlot)];
    west.path[0] = path_by({kWestId}, kWestSlot, 10'000);
    west.path_count = 1;
    for (unsigned link = 1; link < links_; ++link) {
        for (const NodeSlot peer : {west_slot(link), east_slot(link)}) {
            Destination& there = table->destination[raw(peer)];
            there.path[0] = path_by({id_of(peer)}, peer, 10'000);
            there.path_count = 1;
        }
    }
    publisher().publish(on_sched, table, fleet_, services_, nullptr);
    return true;
}

void TestNode::drain_reports() noexcept {
    for (LinkReportRing* const ring : plane_->reports()) {
        ring->consume_all([](const LinkReport&) {});
    }
}

TestNode::~TestNode() {
    if (plane_ != nullptr) {
        close_ports(plane_->ports());
        plane_.reset();
    }
    wires_ = {};  // they may hold buffers
    rte_mempool_free(pool_);
}

}  // namespace izar
