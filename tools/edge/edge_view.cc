#include "tools/edge/edge_view.h"

#include <fmt/format.h>
#include <rte_ethdev.h>

#include <algorithm>

#include "dataplane/config/edge_config_text.h"

namespace izar {
namespace {

std::optional<double> milliseconds(const std::optional<Nanos>& t) {
    return t ? std::optional(static_cast<double>(t->count()) / 1e6) : std::nullopt;
}

std::optional<double> ratio(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? std::nullopt : std::optional(static_cast<double>(part) / static_cast<double>(whole));
}

std::optional<std::uint64_t> bits_per_second(const std::optional<BitRate>& rate) {
    return rate ? std::optional{raw(*rate)} : std::nullopt;
}

Totals totals_of(const LcoreCounters& shown, bool accounted) {
    Totals out;
    out.rx = shown.rx;
    out.made = shown.made;
    out.tx = shown.tx;
    out.dropped = shown.total(Fate::dropped);
    out.consumed = shown.total(Fate::consumed);
    out.held = shown.held;
    out.handed_in = shown.handed_in;
    out.handed_out = shown.handed_out;
    out.accounted = accounted;
    return out;
}

std::string state_name(LinkState state) {
    switch (state) {
        case LinkState::up:
            return "up";
        case LinkState::down:
            return "down";
        case LinkState::withdrawn:
            return "withdrawn";
        case LinkState::unknown:
            break;
    }
    return "unknown";
}

std::string ports_text(const Service& service) {
    if (service.transport == Transport::icmp) {
        return "";
    }
    if (service.first_port == 0 && service.last_port == 65535) {
        return "any";
    }
    return service.first_port == service.last_port ? fmt::format("{}", service.first_port)
                                                   : fmt::format("{}-{}", service.first_port, service.last_port);
}

std::string transport_name(Transport transport) {
    return transport == Transport::tcp ? "tcp" : transport == Transport::udp ? "udp" : "icmp";
}

// Subtracts what was counted before the last clear; gauges and maxima stay.
LcoreCounters minus(const LcoreCounters& now, const LcoreCounters& before) {
    LcoreCounters out = now;
    for (std::uint64_t LcoreCounters::*counter :
         {&LcoreCounters::rx, &LcoreCounters::made, &LcoreCounters::tx, &LcoreCounters::handed_in,
          &LcoreCounters::handed_out, &LcoreCounters::rounds, &LcoreCounters::busy_rounds, &LcoreCounters::busy_cycles,
          &LcoreCounters::all_cycles, &LcoreCounters::pauses}) {
        out.*counter -= before.*counter;
    }
    for (std::size_t v = 0; v < kVerdictCount; ++v) {
        out.verdicts[v] -= before.verdicts[v];
    }
    return out;
}

}  // namespace

std::string EdgeView::node_name(NodeId id) const {
    const NodeSlot slot = edge_.fleet().slot(id);
    return slot == kNoSlot ? fmt::format("{}", raw(id)) : edge_.fleet().node(slot).name;
}

LcoreCounters EdgeView::counters_of(std::size_t lcore) const {
    return minus(edge_.lcores()[lcore]->snapshot.read(), cleared_[lcore]);
}

std::uint64_t EdgeView::link_total(NodeSlot slot, std::atomic<std::uint64_t> LinkCounters::*which) const {
    return edge_.links().total(slot, which);
}

NodeStatus EdgeView::status() const {
    NodeStatus out;
    out.name = edge_.config().name;
    out.id = raw(edge_.config().id);
    out.forwarding = edge_.control().forwarding.load(std::memory_order_relaxed);
    out.security = security_text(edge_.config().security);
    out.generation = edge_.publisher().generation();
    out.uptime_s = static_cast<double>((edge_.clock().now() - started_).count()) / 1e9;
    return out;
}

Totals EdgeView::totals() const {
    LcoreCounters sum;
    bool accounted = true;
    for (std::size_t i = 0; i < edge_.lcores().size(); ++i) {
        accounted = accounted && edge_.lcores()[i]->snapshot.read().accounted();
        sum.add(counters_of(i));
    }
    return totals_of(sum, accounted);
}

std::vector<PortInfo> EdgeView::port_infos() const {
    std::vector<PortInfo> out;
    for (std::size_t i = 0; i < edge_.ports().size(); ++i) {
        const Port& port = edge_.ports()[i];
        rte_eth_dev_info device{};
        rte_eth_link link{};
        rte_eth_dev_info_get(port.dpdk_id, &device);
        rte_eth_link_get_nowait(port.dpdk_id, &link);
        PortInfo row;
        row.port = static_cast<std::uint16_t>(i);
        row.name = port.name;
        row.device = port.device;
        row.driver = device.driver_name == nullptr ? "" : device.driver_name;
        row.mac = port.mac.text();
        row.mtu = port.mtu;
        row.link_up = link.link_status == RTE_ETH_LINK_UP;
        if (link.link_speed != RTE_ETH_SPEED_NUM_NONE && link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN) {
            row.speed_mbps = link.link_speed;
        }
        if (const int node = rte_eth_dev_socket_id(port.dpdk_id); node >= 0) {
            row.numa_node = node;
        }
        row.rx_queues = port.queues;
        row.tx_queues = edge_.config().lcores;
        for (const auto& address : edge_.interfaces().port(PortIndex{static_cast<std::uint8_t>(i)}).addresses) {
            row.addresses.push_back(address.text());
        }
        out.push_back(std::move(row));
    }
    return out;
}

std::vector<PortStats> EdgeView::port_stats() const {
    std::vector<PortStats> out;
    for (std::size_t i = 0; i < edge_.ports().size(); ++i) {
        const Port& port = edge_.ports()[i];
        PortCounters sum;
        for (const auto& lcore : edge_.lcores()) {
            const PortCounters counters = lcore->snapshot.read().ports[i];
            sum.rx_packets += counters.rx_packets;
            sum.rx_bytes += counters.rx_bytes;
            sum.tx_packets += counters.tx_packets;
            sum.tx_bytes += counters.tx_bytes;
            sum.tx_dropped += counters.tx_dropped;
        }
        rte_eth_stats device{};
        rte_eth_stats_get(port.dpdk_id, &device);
        PortStats row;
        row.port = static_cast<std::uint16_t>(i);
        row.name = port.name;
        row.rx_packets = sum.rx_packets - ports_cleared_[i].rx_packets;
        row.rx_bytes = sum.rx_bytes - ports_cleared_[i].rx_bytes;
        row.rx_missed = device.imissed;
        row.rx_errors = device.ierrors;
        row.rx_no_buffer = device.rx_nombuf;
        row.tx_packets = sum.tx_packets - ports_cleared_[i].tx_packets;
        row.tx_bytes = sum.tx_bytes - ports_cleared_[i].tx_bytes;
        row.tx_errors = device.oerrors + sum.tx_dropped - ports_cleared_[i].tx_dropped;
        out.push_back(std::move(row));
    }
    return out;
}

std::vector<LcoreRow> EdgeView::lcores() const {
    std::vector<LcoreRow> out;
    for (std::size_t i = 0; i < edge_.lcores().size(); ++i) {
        const LcoreCounters counters = counters_of(i);
        const std::uint64_t packets = counters.rx + counters.handed_in;
        LcoreRow row;
        row.lcore = static_cast<std::uint16_t>(i);
        if (i < edge_.placement().lcores.size()) {
            row.cpu = edge_.placement().lcores[i].cpu;
            row.numa_node = edge_.placement().lcores[i].numa_node;
        }
        row.napping = edge_.config().idle == IdleMode::sleep;
        row.totals = totals_of(counters, edge_.lcores()[i]->snapshot.read().accounted());
        row.cycles_per_packet = ratio(counters.busy_cycles, packets);
        row.busy_ratio = ratio(counters.busy_cycles, counters.all_cycles);
        row.packets_per_burst = ratio(packets, counters.busy_rounds);
        row.busy_cycles = counters.busy_cycles;
        row.pauses = counters.pauses;
        if (counters.pauses != 0) {
            row.longest_pause_ms = static_cast<double>(counters.longest_pause_ns) / 1e6;
        }
        out.push_back(row);
    }
    return out;
}

std::vector<LinkRow> EdgeView::links() const {
    std::vector<LinkRow> out;
    const auto status = edge_.view().ask_status(kPatience);
    for (const LinkStatus& link : status ? status->links : std::vector<LinkStatus>{}) {
        const NodeSlot slot = edge_.fleet().slot(link.node);
        if (slot == kNoSlot || slot == edge_.fleet().self) {
            continue;
        }
        const std::uint64_t received = link_total(slot, &LinkCounters::received);
        LinkRow row;
        row.peer = link.name;
        row.peer_id = raw(link.node);
        row.address = edge_.fleet().node(slot).overlay_address.text();
        row.state = state_name(link.state);
        row.rtt_ms = milliseconds(link.smoothed);
        row.rtt_min_ms = milliseconds(link.minimum);
        row.rtt_variation_ms = milliseconds(link.variation);
        row.rtt_p99_ms = milliseconds(rtts_of(slot).quantile(0.99));
        if (received != 0) {
            row.loss_ratio = link.loss;
            row.reordered = link.reordered;
            const std::int64_t heard = edge_.links().cell(slot).last_heard.load(std::memory_order_relaxed);
            row.last_heard_ms = milliseconds(edge_.clock().now() - Instant{Nanos{heard}});
            row.detection_ms = milliseconds(Nanos{edge_.links().cell(slot).detection.load(std::memory_order_relaxed)});
        }
        row.mtu = link.mtu;
        row.rx_packets = received;
        row.tx_packets = link_total(slot, &LinkCounters::sent);
        row.used_bps = bits_per_second(link.used);
        row.capacity_bps = bits_per_second(link.capacity);
        row.changes = link.times_down;
        row.last_change_ms = milliseconds(link.unchanged);
        row.why = link.why;
        if (const NodeSecurity* const security = edge_.security(); security != nullptr) {
            const std::int64_t epoch = security->keys().epoch(slot);
            if (epoch >= 0) {
                row.key_epoch = static_cast<std::uint64_t>(epoch);
            } else {
                row.why = "no key: its handshake is not done";
            }
        }
        out.push_back(std::move(row));
    }
    return out;
}

std::vector<PathRow> EdgeView::paths() const {
    std::vector<PathRow> out;
    const auto status = edge_.view().ask_status(kPatience);
    for (const PathStatus& path : status ? status->paths : std::vector<PathStatus>{}) {
        if (path.node == edge_.config().id) {
            continue;
        }
        PathRow row;
        row.destination = path.name;
        row.policy = path.policy;
        row.segments = path.segment_names;
        row.predicted_rtt_ms = milliseconds(path.predicted);
        row.measured_rtt_ms = milliseconds(path.measured);
        row.backup = path.backup_names;
        row.share = path.segments.empty() ? 0 : 1;
        row.why = path.why;
        out.push_back(std::move(row));
    }
    return out;
}

NodeId EdgeView::node_id(const std::string& name) const {
    const auto& nodes = edge_.fleet().nodes;
    const auto at = std::ranges::find_if(nodes, [&](const FleetNode& node) { return node.name == name; });
    return at == nodes.end() ? kNoNode : at->id;
}

Result<PathChoice> EdgeView::explain_path(const std::string& from, const std::string& to,
                                          const std::string& policy) const {
    for (const std::string& name : {from, to}) {
        if (node_id(name) == kNoNode) {
            return fail(fmt::format("there is no node '{}'; show links lists them", name));
        }
    }
    const auto answer = edge_.view().ask_explanation(node_id(from), node_id(to), policy, kPatience);
    if (!answer || !answer->error.empty()) {
        return fail(answer ? answer->error : "the scheduler thread does not answer; try again");
    }
    PathChoice out{answer->from, answer->to, answer->policy, answer->rule, answer->why, {}};
    for (const PathExplanation& candidate : answer->candidates) {
        CandidateRow row{{}, milliseconds(candidate.cost), candidate.in_use, candidate.is_backup, candidate.why_not};
        for (const PathExplanation::Link& link : candidate.links) {
            row.links.push_back({link.from, link.to, state_name(link.state), link.stale, milliseconds(link.age),
                                 link.count, link.epoch, link.terms.delay_ms, link.terms.loss_ms, link.terms.load_ms,
                                 link.terms.hold_ms});
        }
        out.candidates.push_back(std::move(row));
    }
    return out;
}

std::vector<ServiceRow> EdgeView::services() const {
    std::vector<ServiceRow> out;
    const auto status = edge_.view().ask_status(kPatience);
    const auto reachable = [&](NodeId node, const std::string& policy) {
        return node == edge_.config().id ||
               (status && std::ranges::any_of(status->paths, [&](const PathStatus& path) {
                    return path.node == node && path.policy == policy && !path.segments.empty();
                }));
    };
    for (const Service& service : edge_.services().services()) {
        ServiceRow row;
        row.id = raw(service.id);
        row.name = service.name;
        row.vip = service.vip.text();
        row.protocol = transport_name(service.transport);
        row.ports = ports_text(service);
        row.policy = edge_.policies().at(edge_.policies().index_of(service.name)).name;
        for (const Egress& egress : service.egresses) {
            row.egresses.push_back({node_name(egress.node), egress.weight, reachable(egress.node, row.policy)});
        }
        for (const Origin& origin : service.origins) {
            row.origins.push_back(
                {origin.port == 0 ? origin.address.text() : fmt::format("{}:{}", origin.address.text(), origin.port),
                 origin.weight, true});
        }
        row.client_leg = leg_of(service.id, Leg::client, &LcoreState::legs);
        row.origin_leg = leg_of(service.id, Leg::origin, &LcoreState::legs);
        row.client_leg_in_flow = leg_of(service.id, Leg::client, &LcoreState::stamped_legs);
        row.origin_leg_in_flow = leg_of(service.id, Leg::origin, &LcoreState::stamped_legs);
        out.push_back(std::move(row));
    }
    return out;
}

std::optional<LegRtt> EdgeView::leg_of(ServiceId service, Leg leg, LegRtts LcoreState::*which) const {
    LegSum sum;
    for (const auto& lcore : edge_.lcores()) {
        sum.add(((*lcore).*which).read(service, leg));
    }
    const auto total = sum.total();
    if (!total) {
        return std::nullopt;
    }
    const auto in_ms = [](Nanos t) { return static_cast<double>(t.count()) / 1e6; };
    return LegRtt{in_ms(total->mean), in_ms(total->least), in_ms(total->variation), total->samples,
                  in_ms(total->age(edge_.clock().now()))};
}

std::vector<ProbeRow> EdgeView::probes() const {
    const auto in_ms = [](Nanos t) { return static_cast<double>(t.count()) / 1e6; };
    std::vector<ProbeRow> out;
    for (const StampReport& report : edge_.stamp_reports()) {
        const StampSession& session = report.session;
        const Measurement& measured = report.measurement;
        const char* const form = session.peer.family() == Family::ipv4 ? "{}:{}" : "[{}]:{}";
        ProbeRow row;
        row.peer = fmt::format(fmt::runtime(form), session.peer.text(), session.port);
        row.asked_by = session.task == 0 ? "config" : "agent";
        row.interval_ms = in_ms(session.interval);
        row.count = session.count == 0 ? std::nullopt : std::optional(session.count);
        row.sent = report.sent;
        row.samples = measured.samples;
        row.lost = measured.lost;
        row.over = report.over;
        if (measured.samples != 0) {
            row.rtt_ms = in_ms(measured.mean);
            row.least_ms = in_ms(measured.least);
            row.variation_ms = in_ms(measured.variation);
            row.age_ms = in_ms(measured.age(edge_.clock().now()));
        }
        out.push_back(std::move(row));
    }
    return out;
}

std::vector<VerdictRow> EdgeView::verdicts() const {
    LcoreCounters sum;
    for (std::size_t i = 0; i < edge_.lcores().size(); ++i) {
        sum.add(counters_of(i));
    }
    std::vector<VerdictRow> out;
    for (std::size_t v = 0; v < kVerdictCount; ++v) {
        const VerdictInfo& verdict = kVerdicts[v];
        if (verdict.fate == Fate::dropped || verdict.fate == Fate::consumed) {
            out.push_back({std::string(verdict.name),
                           verdict.fate == Fate::dropped ? VerdictKind::dropped : VerdictKind::consumed,
                           sum.verdicts[v], std::string(verdict.text)});
        }
    }
    return out;
}

RttDistribution EdgeView::rtts_of(NodeSlot link) const {
    RttDistribution out;
    for (const auto& lcore : edge_.lcores()) {
        out.add(lcore->receiver.histogram(link));
    }
    return out;
}

std::vector<RttRow> EdgeView::rtts() const {
    std::vector<RttRow> out;
    const Fleet& fleet = edge_.fleet();
    for (std::size_t s = 0; s < fleet.nodes.size(); ++s) {
        const NodeSlot slot{static_cast<std::uint16_t>(s)};
        if (slot == fleet.self || fleet.nodes[s].id == kNoNode) {
            continue;
        }
        const RttDistribution distribution = rtts_of(slot);
        RttRow row;
        row.peer = fleet.nodes[s].name;
        row.samples = distribution.total();
        row.min_ms = milliseconds(distribution.quantile(0));
        row.p50_ms = milliseconds(distribution.quantile(0.50));
        row.p90_ms = milliseconds(distribution.quantile(0.90));
        row.p99_ms = milliseconds(distribution.quantile(0.99));
        row.max_ms = milliseconds(distribution.quantile(1));
        out.push_back(std::move(row));
    }
    return out;
}

Result<void> EdgeView::start() {
    edge_.control().forwarding.store(true, std::memory_order_relaxed);
    return {};
}

Result<void> EdgeView::stop() {
    edge_.control().forwarding.store(false, std::memory_order_relaxed);
    return {};
}

void EdgeView::clear_forward_stats() {
    for (std::size_t i = 0; i < edge_.lcores().size(); ++i) {
        cleared_[i] = edge_.lcores()[i]->snapshot.read();
    }
}

Result<void> EdgeView::clear_port_stats(std::uint16_t port) {
    if (port >= edge_.ports().size()) {
        return fail(fmt::format("there is no port {}; ports are 0 to {}", port, edge_.ports().size() - 1));
    }
    ports_cleared_[port] = {};
    for (const auto& lcore : edge_.lcores()) {
        const PortCounters counters = lcore->snapshot.read().ports[port];
        ports_cleared_[port].rx_packets += counters.rx_packets;
        ports_cleared_[port].rx_bytes += counters.rx_bytes;
        ports_cleared_[port].tx_packets += counters.tx_packets;
        ports_cleared_[port].tx_bytes += counters.tx_bytes;
        ports_cleared_[port].tx_dropped += counters.tx_dropped;
    }
    rte_eth_stats_reset(edge_.ports()[port].dpdk_id);
    return {};
}

Result<void> EdgeView::set_rewrites(std::uint32_t per_second) {
    edge_.forced_rewrites().store(per_second, std::memory_order_relaxed);
    return {};
}

}  // namespace izar
