#include "tests/pipeline/simulated_wan.h"

#include <fmt/format.h>

#include "dataplane/base/check.h"

namespace izar {
namespace {

NodeSlot slot_of(int number) {
    return NodeSlot{static_cast<std::uint16_t>(number - 1)};
}

IpAddress wan_address(int number) {
    return ip(fmt::format("192.0.2.{}", number));
}

}  // namespace

SimulatedWan::SimulatedWan(int nodes, std::uint64_t seed, const NodeOptions& options) : members_(nodes) {
    for (int n = 1; n <= nodes; ++n) {
        Member& member = members_[static_cast<std::size_t>(n - 1)];
        member.node = std::make_unique<TestNode>(n, options);
        for (int other = 1; other <= nodes; ++other) {
            if (other != n) {
                member.node->know(kWan, wan_address(other), port_mac(other, kWan), now);
                const auto port = [](int number) { return wan::WanPort{static_cast<std::uint16_t>(number)}; };
                links_.emplace(std::pair{n, other}, wan::EmulatedLink{{seed, port(n), port(other)}});
            }
        }
        for (std::size_t i = 0; i < member.node->lcores(); ++i) {
            member.rings.push_back(&member.node->reports(i));
        }
        member.scheduler = std::make_unique<Scheduler>(member.node->publisher(), member.rings, *member.feed,
                                                       *member.view, options.mtu);
    }
    for (int n = 1; n <= nodes; ++n) {
        Member& member = members_[static_cast<std::size_t>(n - 1)];
        const auto fleet = fleet_of(n);
        if (!options.secrets.empty()) {
            member.node->security().links().set_fleet(*fleet);
        }
        FeedUpdate update;
        update.fleet = fleet;
        update.services = std::make_shared<const ServiceTable>(std::vector<Service>{});
        CHECK(member.feed->push(std::make_shared<const FeedUpdate>(update)));
    }
}

SimulatedWan::~SimulatedWan() = default;

std::shared_ptr<const Fleet> SimulatedWan::fleet_of(int number) const {
    auto fleet = std::make_shared<Fleet>();
    fleet->version = 1;
    fleet->self = slot_of(number);
    for (std::size_t i = 0; i < members_.size(); ++i) {
        const int n = static_cast<int>(i + 1);
        FleetNode node;
        node.id = NodeId{static_cast<std::uint16_t>(n)};
        node.overlay_address = wan_address(n);
        fleet->nodes.push_back(node);
        fleet->slot_of_id[raw(node.id)] = slot_of(n);
    }
    return fleet;
}

void SimulatedWan::serve(const std::vector<ServiceSpec>& specs) {
    std::vector<Service> services;
    for (const ServiceSpec& spec : specs) {
        services.push_back(spec.service);
        for (const Origin& origin : spec.service.origins) {
            for (Member& member : members_) {
                const auto hop = member.node->interfaces().next_hop(origin.address);
                if (hop && hop->port == kLan) {
                    hosts_.push_back({member.node->number(), hop->address});
                }
            }
        }
    }
    for (Member& member : members_) {
        FeedUpdate update;
        update.services = std::make_shared<const ServiceTable>(services);
        CHECK(member.feed->push(std::make_shared<const FeedUpdate>(update)));
    }
}

void SimulatedWan::change_one_way(int a, int b, const Change& change) {
    wan::LinkProfile profile = link(a, b).profile();
    change(profile);
    link(a, b).set_profile(profile);
}

void SimulatedWan::change(int a, int b, const Change& change) {
    change_one_way(a, b, change);
    change_one_way(b, a, change);
}

void SimulatedWan::set_rtt(int a, int b, Nanos rtt) {
    change(a, b, [&](wan::LinkProfile& link) { link.delay = rtt / 2; });
}

void SimulatedWan::send_due(Stream& stream) {
    if (stream.next == Instant{}) {
        stream.next = now;
    }
    for (; stream.next <= now; stream.next += stream.pace) {
        const std::size_t length = Stream::kLeastPayload + stream.sent++ % Stream::kPayloads;
        node(stream.node).put_packet(kLan, stream.packet.payload(length).bytes(), now);
        ++sent_sizes_[length];
    }
}

void SimulatedWan::carry(TestNode& node) {
    for (const Bytes& frame : node.take(kWan)) {
        const SeenPacket seen = stopped_[node.number()] ? see(frame) : SeenPacket{};
        if (seen.overlay && seen.overlay->ingress != seen.overlay->sender) {
            continue;
        }
        for (int to = 1; to <= static_cast<int>(members_.size()); ++to) {
            const bool to_all = (frame[0] & 1) != 0;
            if (to == node.number() || (!to_all && to != frame[4])) {  // as port_mac() makes them
                continue;
            }
            const auto deliveries = link(node.number(), to).enter(now, frame.size());
            for (std::size_t i = 0; i < deliveries.count; ++i) {
                in_flight_.push({deliveries.at[i], ++carried_, to, frame});
            }
        }
    }
    for (const Bytes& frame : node.take(kLan)) {
        on_lan_[node.number()].push_back(see(frame));
    }
}

// Hosts on a LAN answer whoever asks for them: their addresses stay known.
void SimulatedWan::refresh_hosts() {
    if (now < hosts_due_) {
        return;
    }
    hosts_due_ = now + std::chrono::seconds{1};
    for (const auto& [number, address] : hosts_) {
        node(number).know(kLan, address, host_mac(address), now);
    }
}

void SimulatedWan::step() {
    now += kStep;
    refresh_hosts();
    std::ranges::for_each(streams_, [&](Stream& stream) { send_due(stream); });
    while (!in_flight_.empty() && in_flight_.top().due <= now) {
        node(in_flight_.top().to).put(kWan, in_flight_.top().frame);
        in_flight_.pop();
    }
    for (Member& member : members_) {
        if (!is_frozen(member.node->number())) {
            const Instant at = now + ahead_[member.node->number()];
            member.scheduler->do_work(OnSched::claim(), at);
            member.node->round(at);
            carry(*member.node);
        }
    }
}

void SimulatedWan::run(Nanos span) {
    for (const Instant end = now + span; now < end;) {
        step();
    }
}

Nanos SimulatedWan::run_until_path(const std::string& wanted, Nanos most) {
    const int from = wanted.front() - '0';
    const int to = wanted.back() - '0';
    const Instant begun = now;
    while (path(from, to) != wanted && now - begun < most) {
        step();
    }
    return now - begun;
}

std::string SimulatedWan::path(int from, int to) const {
    const RelayPath& primary = scheduler(from).routes(kDefaultPolicy).planner().route(slot_of(to)).primary;
    if (!primary.exists()) {
        return "none";
    }
    std::string text = std::to_string(from);
    for (const NodeSlot relay : primary.relay) {
        text += relay == kNoSlot ? "" : fmt::format("-{}", raw(relay) + 1);
    }
    return fmt::format("{}-{}", text, to);
}

std::uint16_t SimulatedWan::inner_mtu(int from, int to) {
    const Published& published = node(from).publisher().read(OnLcore::claim(LcoreIndex{0}));
    return published.routes->to(slot_of(to)).path[0].inner_mtu;
}

const LinkStatus SimulatedWan::link_status(int from, int to) const {
    const auto status = scheduler(from).status(now);
    const auto found = std::ranges::find(status.links, NodeId{static_cast<std::uint16_t>(to)}, &LinkStatus::node);
    CHECK(found != status.links.end());
    return *found;
}

std::uint64_t SimulatedWan::sent() const {
    std::uint64_t sum = 0;
    for (const auto& [size, times] : sent_sizes_) {
        sum += static_cast<std::uint64_t>(times);
    }
    return sum;
}

}  // namespace izar
