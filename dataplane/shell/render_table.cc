#include "dataplane/shell/render_table.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "dataplane/shell/text_table.h"

namespace izar {
namespace {

constexpr auto kRight = TextTable::Align::right;

std::string joined(const std::vector<std::string>& names, std::string_view separator) {
    std::string out;
    for (const std::string& name : names) {
        out += out.empty() ? "" : separator;
        out += name;
    }
    return out.empty() ? "-" : out;
}

std::string weighted(const std::vector<WeightedName>& names) {
    std::vector<std::string> parts;
    parts.reserve(names.size());
    for (const WeightedName& each : names) {
        parts.push_back(fmt::format("{}:{}{}", each.name, each.weight, each.reachable ? "" : " (unreachable)"));
    }
    return joined(parts, ", ");
}

std::string percent_cell(std::optional<double> ratio, int decimals) {
    return ratio ? fmt::format("{:.{}f} %", *ratio * 100, decimals) : "-";
}

// "12.5 of 1000": used and, where it is known, what can be.
std::string rate_cell(std::optional<std::uint64_t> used_bps, std::optional<std::uint64_t> capacity_bps) {
    constexpr double kMega = 1e6;
    const auto mega = [](std::uint64_t bps) { return static_cast<double>(bps) / kMega; };
    if (!used_bps) {
        return "-";
    }
    return capacity_bps ? fmt::format("{:.2f} of {:.0f}", mega(*used_bps), mega(*capacity_bps))
                        : fmt::format("{:.2f}", mega(*used_bps));
}

std::string int_cell(std::optional<int> value) {
    return value ? fmt::format("{}", *value) : "-";
}

std::string dash_if_empty(const std::string& text) {
    return text.empty() ? "-" : text;
}

}  // namespace

std::string table_of(const NodeStatus& status) {
    return fmt::format("node {} (id {}), {}, security {}, table generation {}, up {:.0f} s\n", status.name, status.id,
                       status.forwarding ? "forwarding" : "stopped", status.security, status.generation,
                       status.uptime_s);
}

std::string table_of(const std::vector<PortInfo>& ports) {
    std::string out;
    for (const PortInfo& port : ports) {
        out += fmt::format("Infos for port {} ({})\n", port.port, port.name);
        out += fmt::format("  Device: {} (driver {})\n", port.device, dash_if_empty(port.driver));
        out += fmt::format("  MAC address: {}\n", port.mac);
        out += fmt::format("  Addresses: {}\n", joined(port.addresses, ", "));
        out += fmt::format("  MTU: {}\n", port.mtu);
        out += fmt::format("  Link: {}, {}\n", port.link_up ? "up" : "down",
                           port.speed_mbps ? fmt::format("{} Mbit/s", *port.speed_mbps) : "speed unknown");
        out += fmt::format("  NUMA node: {}\n", int_cell(port.numa_node));
        out += fmt::format("  Queues: {} rx, {} tx\n", port.rx_queues, port.tx_queues);
    }
    return out;
}

std::string table_of(const std::vector<PortStats>& ports) {
    std::string out;
    for (const PortStats& p : ports) {
        out += fmt::format("  ######################## NIC statistics for port {} ({}) ########################\n",
                           p.port, p.name);
        out += fmt::format("  RX-packets: {:<12} RX-missed: {:<10} RX-bytes:  {}\n", p.rx_packets, p.rx_missed,
                           p.rx_bytes);
        out += fmt::format("  RX-errors: {:<13} RX-nombuf: {}\n", p.rx_errors, p.rx_no_buffer);
        out += fmt::format("  TX-packets: {:<12} TX-errors: {:<10} TX-bytes:  {}\n", p.tx_packets, p.tx_errors,
                           p.tx_bytes);
        out += "\n  Throughput (since last show)\n";
        out += fmt::format("  Rx-pps: {:>14}\n  Tx-pps: {:>14}\n", number_cell(p.rx_pps, 0), number_cell(p.tx_pps, 0));
        out += "  " + std::string(76, '#') + "\n";
    }
    return out;
}

std::string table_of(const Totals& totals, const std::vector<LcoreRow>& lcores) {
    TextTable table({{"lcore", kRight},
                     {"rx", kRight},
                     {"made", kRight},
                     {"tx", kRight},
                     {"dropped", kRight},
                     {"consumed", kRight},
                     {"held", kRight},
                     {"handed in", kRight},
                     {"handed out", kRight},
                     {"accounted"}});
    const auto add = [&](const std::string& name, const Totals& t) {
        table.add({name, count_cell(t.rx), count_cell(t.made), count_cell(t.tx), count_cell(t.dropped),
                   count_cell(t.consumed), count_cell(t.held), count_cell(t.handed_in), count_cell(t.handed_out),
                   t.accounted ? "yes" : "NO"});
    };
    std::uint64_t cycles = 0;
    for (const LcoreRow& lcore : lcores) {
        add(fmt::format("{}", lcore.lcore), lcore.totals);
        cycles += lcore.busy_cycles;
    }
    add("all", totals);
    std::string out = "Forward statistics, in packets (rx + made = tx + dropped + consumed + held)\n" + table.text();
    const std::uint64_t packets = totals.rx + totals.made;
    if (packets > 0 && cycles > 0) {
        out += fmt::format("CPU cycles/packet={:.2f} (total cycles={} / total packets={})\n",
                           static_cast<double>(cycles) / static_cast<double>(packets), cycles, packets);
    }
    return out;
}

std::string table_of(const std::vector<LcoreRow>& lcores) {
    TextTable table({{"lcore", kRight},
                     {"cpu", kRight},
                     {"numa", kRight},
                     {"state"},
                     {"busy", kRight},
                     {"cycles/packet", kRight},
                     {"packets/burst", kRight},
                     {"packets", kRight},
                     {"pauses", kRight},
                     {"longest ms", kRight}});
    for (const LcoreRow& row : lcores) {
        table.add({fmt::format("{}", row.lcore), int_cell(row.cpu), int_cell(row.numa_node),
                   row.napping ? "napping" : "polling", percent_cell(row.busy_ratio, 1),
                   number_cell(row.cycles_per_packet, 1), number_cell(row.packets_per_burst, 1),
                   count_cell(row.totals.rx + row.totals.made), count_cell(row.pauses),
                   number_cell(row.longest_pause_ms, 1)});
    }
    return table.text();
}

std::string table_of(const std::vector<LinkRow>& links) {
    TextTable table({{"peer"},
                     {"id", kRight},
                     {"address"},
                     {"state"},
                     {"rtt ms", kRight},
                     {"min ms", kRight},
                     {"p99 ms", kRight},
                     {"var ms", kRight},
                     {"loss", kRight},
                     {"reordered", kRight},
                     {"mtu", kRight},
                     {"rx", kRight},
                     {"tx", kRight},
                     {"Mbit/s", kRight},
                     {"heard ms ago", kRight},
                     {"detection ms", kRight},
                     {"key epoch", kRight},
                     {"changes", kRight},
                     {"why"}});
    for (const LinkRow& row : links) {
        table.add({row.peer, fmt::format("{}", row.peer_id), row.address, row.state, number_cell(row.rtt_ms, 3),
                   number_cell(row.rtt_min_ms, 3), number_cell(row.rtt_p99_ms, 3), number_cell(row.rtt_variation_ms, 3),
                   percent_cell(row.loss_ratio, 2), count_cell(row.reordered), count_cell(row.mtu),
                   count_cell(row.rx_packets), count_cell(row.tx_packets), rate_cell(row.used_bps, row.capacity_bps),
                   number_cell(row.last_heard_ms, 0), number_cell(row.detection_ms, 0), count_cell(row.key_epoch),
                   count_cell(row.changes), dash_if_empty(row.why)});
    }
    return table.text();
}

std::string table_of(const std::vector<PathRow>& paths) {
    TextTable table({{"destination"},
                     {"policy"},
                     {"path"},
                     {"share", kRight},
                     {"predicted ms", kRight},
                     {"measured ms", kRight},
                     {"backup"},
                     {"why"}});
    for (const PathRow& row : paths) {
        table.add({row.destination, row.policy, joined(row.segments, " > "), percent_cell(row.share, 0),
                   number_cell(row.predicted_rtt_ms, 3), number_cell(row.measured_rtt_ms, 3), joined(row.backup, " > "),
                   dash_if_empty(row.why)});
    }
    return table.text();
}

std::string table_of(const PathChoice& choice) {
    TextTable table({{"path"},
                     {"link"},
                     {"state"},
                     {"delay ms", kRight},
                     {"loss ms", kRight},
                     {"load ms", kRight},
                     {"hold ms", kRight},
                     {"cost ms", kRight},
                     {""}});
    for (const CandidateRow& row : choice.candidates) {
        std::string path = choice.from;
        for (const CandidateLink& link : row.links) {
            path += " > " + link.to;
        }
        table.add({path, "", "", "", "", "", "", number_cell(row.cost_ms, 3),
                   row.in_use ? "in use" : (row.is_backup ? "backup" : row.why_not)});
        for (const CandidateLink& link : row.links) {
            const bool known = link.state == "up";
            const auto term = [&](double ms) { return number_cell(known ? std::optional(ms) : std::nullopt, 3); };
            table.add({"", fmt::format("{} > {}", link.from, link.to), link.stale ? link.state + ", stale" : link.state,
                       term(link.delay_ms), term(link.loss_ms), term(link.load_ms), term(link.hold_ms), "", ""});
        }
    }
    const std::string why = choice.why.empty() ? "" : fmt::format("chosen: {}\n", choice.why);
    return fmt::format("policy {}, cost rule {}\n{}{}", choice.policy, choice.rule, table.text(), why);
}

namespace {

// By handshakes, which wait for nobody's acknowledgment; by timestamps where no connection began of late.
std::string leg_cell(const std::optional<LegRtt>& leg, const std::optional<LegRtt>& in_flow) {
    const auto& best = leg ? leg : in_flow;
    return number_cell(best ? std::optional(best->rtt_ms) : std::nullopt, 3);
}

}  // namespace

std::string table_of(const std::vector<ServiceRow>& services) {
    TextTable table({{"id", kRight},
                     {"name"},
                     {"vip"},
                     {"service"},
                     {"policy"},
                     {"flows", kRight},
                     {"egress"},
                     {"origins"},
                     {"client ms", kRight},
                     {"origin ms", kRight}});
    for (const ServiceRow& row : services) {
        const std::string service = row.ports.empty() ? row.protocol : fmt::format("{} {}", row.protocol, row.ports);
        table.add({fmt::format("{}", row.id), row.name, row.vip, service, row.policy, count_cell(row.flows),
                   weighted(row.egresses), weighted(row.origins), leg_cell(row.client_leg, row.client_leg_in_flow),
                   leg_cell(row.origin_leg, row.origin_leg_in_flow)});
    }
    return table.text();
}

std::string table_of(const FlowPage& flows) {
    TextTable table({{"service"},
                     {"protocol"},
                     {"client"},
                     {"vip"},
                     {"role"},
                     {"state"},
                     {"ingress"},
                     {"egress"},
                     {"origin"},
                     {"as"},
                     {"path"},
                     {"idle ms", kRight},
                     {"lcore", kRight}});
    for (const FlowRow& row : flows.rows) {
        table.add({row.service, row.protocol, row.client, row.vip, row.role, row.state, dash_if_empty(row.ingress),
                   dash_if_empty(row.egress), dash_if_empty(row.origin), dash_if_empty(row.translation),
                   joined(row.path, " > "), number_cell(row.idle_ms, 0), fmt::format("{}", row.lcore)});
    }
    return table.text() + fmt::format("{} of {} flows shown, capacity {}, {} refused for want of memory\n",
                                      flows.rows.size(), flows.total, flows.capacity, flows.exhausted);
}

std::string table_of(const std::vector<VerdictRow>& verdicts) {
    TextTable table({{"verdict"}, {"kind"}, {"packets", kRight}, {"meaning"}});
    for (const VerdictRow& row : verdicts) {
        table.add(
            {row.name, row.kind == VerdictKind::dropped ? "dropped" : "consumed", count_cell(row.packets), row.text});
    }
    return table.text();
}

std::string table_of(const std::vector<RttRow>& rtts) {
    TextTable table({{"peer"},
                     {"samples", kRight},
                     {"min ms", kRight},
                     {"p50 ms", kRight},
                     {"p90 ms", kRight},
                     {"p99 ms", kRight},
                     {"max ms", kRight},
                     {"age ms", kRight}});
    for (const RttRow& row : rtts) {
        table.add({row.peer, count_cell(row.samples), number_cell(row.min_ms, 3), number_cell(row.p50_ms, 3),
                   number_cell(row.p90_ms, 3), number_cell(row.p99_ms, 3), number_cell(row.max_ms, 3),
                   number_cell(row.age_ms, 0)});
    }
    return table.text();
}

std::string table_of(const std::vector<ProbeRow>& probes) {
    TextTable table({{"peer"},
                     {"asked by"},
                     {"every ms", kRight},
                     {"sent", kRight},
                     {"of", kRight},
                     {"samples", kRight},
                     {"lost", kRight},
                     {"rtt ms", kRight},
                     {"least ms", kRight},
                     {"variation ms", kRight},
                     {"age ms", kRight}});
    for (const ProbeRow& row : probes) {
        table.add({row.peer, row.asked_by, number_cell(row.interval_ms, 0), count_cell(row.sent),
                   row.count ? count_cell(*row.count) : "no end", count_cell(row.samples), count_cell(row.lost),
                   number_cell(row.rtt_ms, 3), number_cell(row.least_ms, 3), number_cell(row.variation_ms, 3),
                   number_cell(row.age_ms, 0)});
    }
    return table.text();
}

std::string table_of(const ConfigState& state) {
    std::string out = fmt::format("configuration {} is in force; ", state.generation);
    out += state.read_again ? fmt::format("SIGHUP came last at {:%F %T} UTC\n", *state.read_again)
                            : std::string("no SIGHUP came since the start\n");
    out += fmt::format("changed, and in force only after a restart: {}\n", joined(state.needs_restart, ", "));
    out += fmt::format("problem: {}\n", dash_if_empty(state.problem));
    return out;
}

}  // namespace izar
