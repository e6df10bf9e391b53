#include "dataplane/shell/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "dataplane/config/edge_config_text.h"
#include "dataplane/shell/render_json.h"
#include "dataplane/shell/render_table.h"

namespace izar {
namespace {

Reply failed(std::string_view text) {
    return {.ok = false, .text = fmt::format("{}\n", text)};
}

Reply acted(const Invocation& call, const Result<void>& result) {
    return result ? Reply{.ok = true, .text = table_of(call.view.status())} : failed(result.error().text);
}

// The rows as the caller wants them.
template <typename... Rows>
Reply rendered(const Invocation& call, const Rows&... rows) {
    const NodeStatus status = call.view.status();
    return {.ok = true, .text = call.json ? json_of(status, rows...) : table_of(status) + table_of(rows...)};
}

// The rows of the port that a command's last word names, by number or by name; "all" is every one.
template <typename Row>
std::vector<Row> rows_of_port(std::vector<Row> rows, const std::string& which) {
    if (which != "all") {
        std::erase_if(rows, [&](const Row& row) { return which != row.name && which != fmt::format("{}", row.port); });
    }
    return rows;
}

std::string unknown_port(const Invocation& call, const std::string& which) {
    std::string known = "all";
    for (const PortInfo& port : call.view.port_infos()) {
        known += fmt::format(", {} ({})", port.port, port.name);
    }
    return fmt::format("there is no port '{}'; known are {}", which, known);
}

Reply start(const Invocation& call) {
    return acted(call, call.control.start());
}

Reply stop(const Invocation& call) {
    const auto result = call.control.stop();
    if (!result) {
        return failed(result.error().text);
    }
    return rendered(call, call.view.totals(), call.view.lcores());
}

Reply quit(const Invocation& call) {
    call.control.quit();
    return {.ok = true, .text = "Bye...\n"};
}

Reply help(const Invocation& call) {
    return help_text(call.words.size() > 1 ? call.words[1] : "");
}

Reply set_rewrites(const Invocation& call) {
    const std::string& word = call.words.back();
    std::uint32_t per_second = 0;
    const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), per_second);
    if (code != std::errc{} || end != word.data() + word.size() || per_second > kMostRewrites) {
        return failed(fmt::format("Bad arguments: '{}' is not a whole number from 0 to {}", word, kMostRewrites));
    }
    return acted(call, call.control.set_rewrites(per_second));
}

Reply show_port_info(const Invocation& call) {
    const auto rows = rows_of_port(call.view.port_infos(), call.words.back());
    return rows.empty() ? failed(unknown_port(call, call.words.back())) : rendered(call, rows);
}

Reply show_port_stats(const Invocation& call) {
    const auto rows = rows_of_port(call.view.port_stats(), call.words.back());
    return rows.empty() ? failed(unknown_port(call, call.words.back())) : rendered(call, rows);
}

Reply clear_port_stats(const Invocation& call) {
    const auto rows = rows_of_port(call.view.port_infos(), call.words.back());
    for (const PortInfo& port : rows) {
        if (const auto result = call.control.clear_port_stats(port.port); !result) {
            return failed(result.error().text);
        }
    }
    return rows.empty() ? failed(unknown_port(call, call.words.back())) : acted(call, {});
}

Reply show_forward_stats(const Invocation& call) {
    return rendered(call, call.view.totals(), call.view.lcores());
}

Reply clear_forward_stats(const Invocation& call) {
    call.control.clear_forward_stats();
    return acted(call, {});
}

Reply show_lcores(const Invocation& call) {
    return rendered(call, call.view.lcores());
}

Reply show_links(const Invocation& call) {
    return rendered(call, call.view.links());
}

Reply show_paths(const Invocation& call) {
    return rendered(call, call.view.paths());
}

Reply explain_path(const Invocation& call) {
    const auto choice =
        call.view.explain_path(call.words[2], call.words[3], call.words.size() > 5 ? call.words[5] : "");
    return choice ? rendered(call, *choice) : failed(choice.error().text);
}

Reply show_services(const Invocation& call) {
    return rendered(call, call.view.services());
}

Reply show_flows(const Invocation& call) {
    return rendered(call, call.view.flows(kMostFlowsShown));
}

Reply show_drops(const Invocation& call) {
    return rendered(call, call.view.verdicts());
}

Reply show_rtt(const Invocation& call) {
    return rendered(call, call.view.rtts());
}

Reply show_probes(const Invocation& call) {
    return rendered(call, call.view.probes());
}

Reply show_status(const Invocation& call) {
    const NodeStatus status = call.view.status();
    return {.ok = true, .text = call.json ? json_of(status) : table_of(status)};
}

Reply show_config(const Invocation& call) {
    const NodeStatus status = call.view.status();
    const EdgeConfig& config = call.view.config();
    return {.ok = true, .text = call.json ? json_of(status, config) : edge_config_text(config)};
}

Reply show_config_state(const Invocation& call) {
    return rendered(call, call.view.config_state());
}

constexpr const char* kControl = "control";
constexpr const char* kDisplay = "display";

constexpr std::array kCommands{
    Command{"help", kControl, "List all commands", false, help},
    Command{"help control|display", kControl, "List the commands of one section", false, help},
    Command{"start", kControl, "Start forwarding", false, start},
    Command{"stop", kControl, "Stop forwarding and print the totals", true, stop},
    Command{"quit", kControl, "End izar-edge", false, quit},
    Command{"set rewrites NUMBER", kControl, "Rewrite the route table that many times a second; 0 stops", false,
            set_rewrites},
    Command{"clear fwd stats all", kControl, "Count packets of all lcores from 0 again", false, clear_forward_stats},
    Command{"clear port stats PORT", kControl, "Count packets of a port from 0 again", false, clear_port_stats},
    Command{"show port info PORT", kDisplay, "Device, addresses and link of a port", true, show_port_info},
    Command{"show port stats PORT", kDisplay, "Packet counters of a port", true, show_port_stats},
    Command{"show fwd stats all", kDisplay, "Packets by lcore, and whether all are accounted for", true,
            show_forward_stats},
    Command{"show lcores", kDisplay, "Placement, load and cycles per packet of each lcore", true, show_lcores},
    Command{"show links", kDisplay, "State, RTT and loss of the link to each node", true, show_links},
    Command{"show paths", kDisplay, "The path to each node, its backup, and why it was chosen", true, show_paths},
    Command{"explain path NODE NODE", kDisplay, "Every candidate from one node to another with the terms of its cost",
            true, explain_path},
    Command{"explain path NODE NODE policy POLICY", kDisplay, "The same under another policy than the default one",
            true, explain_path},
    Command{"show services", kDisplay, "Services with their egress nodes and origins", true, show_services},
    Command{"show flows", kDisplay, "Flows and sessions, the first 1,000", true, show_flows},
    Command{"show drops", kDisplay, "Packets dropped and consumed, by reason", true, show_drops},
    Command{"show rtt", kDisplay, "Distribution of the RTT samples of each link", true, show_rtt},
    Command{"show probes", kDisplay, "STAMP sessions of this node and what they measured", true, show_probes},
    Command{"show status", kDisplay, "One line about the node", true, show_status},
    Command{"show config", kDisplay, "The configuration in force, as edge.yaml", true, show_config},
    Command{"show config state", kDisplay, "What came of the last SIGHUP, and which changed keys wait for a restart",
            true, show_config_state},
};

}  // namespace

std::span<const Command> all_commands() {
    return kCommands;
}

std::string usage_line(const Command& command) {
    return fmt::format("{}{}", command.usage, command.has_json ? " [json]" : "");
}

Reply help_text(std::string_view section) {
    std::string out;
    std::string_view current;
    for (const Command& command : kCommands) {
        if (!section.empty() && section != command.section) {
            continue;
        }
        if (current != command.section) {
            current = command.section;
            out += fmt::format("{}{}:\n", out.empty() ? "" : "\n", current);
        }
        out += fmt::format("    {:<32} {}\n", usage_line(command), command.help);
    }
    return {.ok = true, .text = out};
}

}  // namespace izar
