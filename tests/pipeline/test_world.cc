#include "tests/pipeline/test_world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "dataplane/base/check.h"

namespace izar {
namespace {

constexpr int kMostTurns = 64;  // a packet that still moves after so many is in a loop

template <typename Member, typename Identity>
std::shared_ptr<const MaglevTable> choice_over(const std::vector<Member>& members, Identity identity) {
    std::vector<MaglevMember> list;
    for (const Member& member : members) {
        list.push_back({.identity = identity(member), .weight = member.weight});
    }
    auto table = std::make_shared<MaglevTable>();
    build_maglev(list, *table);
    return table;
}

IpAddress wan_address(int node, Family family) {
    return ip(family == Family::ipv4 ? fmt::format("192.0.2.{}", node) : fmt::format("2001:db8::{}", node));
}

}  // namespace

ServiceSpec& ServiceSpec::at(std::string_view vip) {
    service.vip = ip(vip);
    return *this;
}
ServiceSpec& ServiceSpec::tcp(std::uint16_t first, std::uint16_t last) {
    service.transport = Transport::tcp;
    service.first_port = first;
    service.last_port = std::max(first, last);
    return *this;
}
ServiceSpec& ServiceSpec::udp(std::uint16_t first, std::uint16_t last) {
    tcp(first, last);
    service.transport = Transport::udp;
    return *this;
}
ServiceSpec& ServiceSpec::echo() {
    service.transport = Transport::icmp;
    return *this;
}
ServiceSpec& ServiceSpec::twice() {
    service.duplicate = true;
    return *this;
}
ServiceSpec& ServiceSpec::egress(int node, std::uint32_t weight) {
    service.egresses.push_back({NodeId{static_cast<std::uint16_t>(node)}, weight});
    return *this;
}
ServiceSpec& ServiceSpec::policy(PolicyIndex index) {
    service.policy = index;
    return *this;
}

ServiceSpec& ServiceSpec::origin(std::string_view address, std::uint16_t port, std::uint32_t weight) {
    service.origins.push_back({ip(address), port, weight});
    return *this;
}

TestWorld::TestWorld(int nodes, Family underlay, const NodeOptions& options)
    : underlay_(underlay), options_(options), size_(nodes) {
    for (int n = 1; n <= nodes; ++n) {
        nodes_.push_back(make_node(n));
    }
}

std::unique_ptr<TestNode> TestWorld::make_node(int number) {
    auto node = std::make_unique<TestNode>(number, options_);
    for (int other = 1; other <= size_; ++other) {
        if (other != number) {
            node->know(kWan, wan_address(other, underlay_), port_mac(other, kWan), now);
            node->set_link(slot(other), true);
        }
    }
    return node;
}

void TestWorld::restart(int number) {
    std::unique_ptr<TestNode>& node = nodes_[static_cast<std::size_t>(number - 1)];
    node.reset();
    node = make_node(number);
    publish();
}

TestWorld& TestWorld::service(const ServiceSpec& spec) {
    std::erase_if(specs_, [&](const Service& known) { return known.id == spec.service.id; });
    specs_.push_back(spec.service);
    return *this;
}

TestWorld& TestWorld::route(int from, int to, std::vector<PathSpec> paths, PolicyIndex policy) {
    routes_[{policy, from, to}] = std::move(paths);
    return *this;
}

const std::shared_ptr<const Fleet> TestWorld::fleet_of(int number) const {
    auto fleet = std::make_shared<Fleet>();
    fleet->version = 1;
    fleet->self = slot(number);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const int n = static_cast<int>(i + 1);
        FleetNode node;
        node.id = NodeId{static_cast<std::uint16_t>(n)};
        node.overlay_address = wan_address(n, underlay_);
        fleet->nodes.push_back(node);
        fleet->slot_of_id[raw(node.id)] = slot(n);
    }
    return fleet;
}

Path TestWorld::path_of(const PathSpec& spec) const {
    Path path;
    for (const int node : spec.nodes) {
        path.segments[path.length++] = NodeId{static_cast<std::uint16_t>(node)};
    }
    path.first_link = spec.nodes.empty() ? kNoSlot : slot(spec.nodes[0]);
    path.inner_mtu = static_cast<std::uint16_t>(options_.mtu - overlay_overhead(underlay_));
    path.predicted_rtt_us = spec.rtt_us;
    return path;
}

void TestWorld::fill_routes(int from, RouteTable& table) const {
    table.policy_version = policy_version;
    for (std::uint8_t policy = 0; policy < kMaxPolicies; ++policy) {
        fill_routes(from, table, PolicyIndex{policy});
    }
}

void TestWorld::fill_routes(int from, RouteTable& table, PolicyIndex policy) const {
    for (int to = 1; to <= static_cast<int>(nodes_.size()); ++to) {
        if (to == from) {
            continue;
        }
        const auto known = routes_.find({policy, from, to});
        const std::vector<PathSpec> paths = known == routes_.end() ? std::vector<PathSpec>{{{to}}} : known->second;
        Destination& destination = table.of(policy)[raw(slot(to))];
        destination.path_count = static_cast<std::uint8_t>(paths.size());
        for (std::size_t i = 0; i < paths.size(); ++i) {
            destination.path[i] = path_of(paths[i]);
        }
        for (std::uint8_t i = 0; i < paths.size(); ++i) {
            destination.backup[i] = i;
            for (std::uint8_t other = 0; other < paths.size(); ++other) {
                if (paths[other].nodes[0] != paths[i].nodes[0]) {
                    destination.backup[i] = other;
                    break;
                }
            }
        }
    }
}

void TestWorld::publish() {
    std::vector<Service> services = specs_;
    for (Service& service : services) {
        service.egress_choice = choice_over(service.egresses, [](const Egress& e) { return raw(e.node); });
        service.origin_choice = choice_over(service.origins, [](const Origin& o) {
            std::uint64_t identity = 0;
            std::memcpy(&identity, o.address.bytes().data(), sizeof identity);
            return identity + o.port;
        });
    }
    services_ = std::make_shared<const ServiceTable>(services);
    for (const auto& node : nodes_) {
        for (const Service& service : services) {
            for (const Origin& origin : service.origins) {
                const auto hop = node->interfaces().next_hop(origin.address);
                if (hop && hop->port == kLan) {
                    node->know(kLan, hop->address, host_mac(hop->address), now);
                }
            }
        }
        node->publish(fleet_of(node->number()), services_,
                      [&](RouteTable& table) { fill_routes(node->number(), table); });
    }
    settle();  // the keep-alives that every node sends at first
    if (!options_.secrets.empty() && links_secured) {
        secure_links();
    }
}

void TestWorld::secure_links() {
    const auto secured = [&] {
        return std::ranges::all_of(nodes_, [&](const auto& node) {
            for (int other = 1; other <= size_; ++other) {
                if (other != node->number() && !node->can_send(slot(other))) {
                    return false;
                }
            }
            return true;
        });
    };
    for (const Instant end = now + std::chrono::seconds{10}; !secured();) {
        CHECK(now < end && "a link gets no session");
        advance(std::chrono::milliseconds{1});
    }
    advance(std::chrono::milliseconds{5});  // the keep-alives that waited for it
}

void TestWorld::set_link(int a, int b, bool up) {
    (*this)[a].set_link(slot(b), up);
    (*this)[b].set_link(slot(a), up);
}

void TestWorld::begin() {
    on_lan.clear();
    on_wan.clear();
    control.clear();
}

Lines TestWorld::send(int node, const std::vector<PacketBuilder>& packets, std::size_t queue) {
    for (const PacketBuilder& packet : packets) {
        (*this)[node].put_packet(kLan, packet.bytes(), now, queue);
    }
    return settle();
}

Lines TestWorld::send_frame(int node, PortIndex port, const Bytes& frame) {
    (*this)[node].put(port, frame);
    return settle();
}

Lines TestWorld::send_packet(int node, PortIndex port, const Bytes& packet) {
    (*this)[node].put_packet(port, packet, now);
    return settle();
}

Lines TestWorld::settle() {
    begin();
    Lines lines;
    int turns = 0;
    while (turn(lines)) {
        CHECK(++turns < kMostTurns && "packets run in a circle");
    }
    return lines;
}

Lines TestWorld::advance(Nanos span, Nanos step) {
    begin();
    Lines lines;
    for (const Instant end = now + span; now < end;) {
        now += step;
        for (int turns = 0; turn(lines);) {
            CHECK(++turns < kMostTurns && "packets run in a circle");
        }
    }
    return lines;
}

// One round of every node. True if anything was sent, handed over or delivered.
bool TestWorld::turn(Lines& lines) {
    const auto activity = [&] {
        std::uint64_t sum = 0;
        for (const auto& node : nodes_) {
            const LcoreCounters c = node->counters();
            sum += c.rx + c.made + c.tx + c.handed_in + c.handed_out;
        }
        return sum;
    };
    const std::uint64_t before = activity();
    while (!in_flight_.empty() && in_flight_.front().due <= now) {
        const Bytes frame = std::move(in_flight_.front().frame);
        in_flight_.pop_front();
        deliver(frame);
    }
    for (const auto& node : nodes_) {
        node->round(now);
        collect(*node, lines);
    }
    return activity() != before;
}

void TestWorld::collect(TestNode& node, Lines& lines) {
    for (const Bytes& frame : node.take(kLan)) {
        const SeenPacket seen = see(frame);
        EXPECT_TRUE(!checks || seen.checksums_right) << seen.text();
        lines.push_back(fmt::format("{}: {}", node.number(), seen.text()));
        on_lan.push_back(seen);
    }
    for (const Bytes& frame : node.take(kWan)) {
        const SeenPacket seen = see(frame);
        EXPECT_TRUE(!checks || seen.checksums_right) << seen.text();
        (seen.overlay && seen.overlay->control() ? control : on_wan).push_back(seen);
        if (!cuts_[{node.number(), seen.to_mac.bytes[4]}]) {
            in_flight_.push_back({now + delay_, frame});
        }
    }
}

void TestWorld::deliver(const Bytes& frame) {
    for (const auto& node : nodes_) {
        const MacAddress mac = port_mac(node->number(), kWan);
        const bool to_all = (frame[0] & 1) != 0 && std::memcmp(&frame[6], mac.bytes, 6) != 0;
        if (to_all || std::memcmp(frame.data(), mac.bytes, 6) == 0) {
            node->put(kWan, frame);
        }
    }
}

}  // namespace izar
