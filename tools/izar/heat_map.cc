#include "tools/izar/heat_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace izar {
namespace {

using Json = nlohmann::json;

struct HeatClass {
    double up_to_ms;  // and this
    char sign;        // where there is no room for the number
    int colour;       // of xterm's 256, with black text on it
};

// From the near to the far side of the planet.
constexpr std::array kClasses{HeatClass{10, '0', 40},   HeatClass{30, '1', 112},  HeatClass{60, '2', 190},
                              HeatClass{100, '3', 226}, HeatClass{200, '4', 214}, HeatClass{1e9, '5', 208}};
constexpr HeatClass kDown{0, 'x', 196};
constexpr std::size_t kLongestLabel = 16;
constexpr std::size_t kNumberWidth = 5;  // "1234!", "down"

struct HeatLink {
    bool is_up = false;
    std::optional<double> rtt_ms;
    double loss_ratio = 0;
};

struct HeatNode {
    unsigned id = 0;
    std::string region;
    std::string label;
};

struct HeatGrid {
    std::vector<HeatNode> nodes;
    std::map<std::pair<unsigned, unsigned>, HeatLink> links;
};

const HeatClass& class_of(double rtt_ms) {
    return *std::ranges::find_if(
        kClasses, [&](const HeatClass& each) { return rtt_ms <= each.up_to_ms || &each == &kClasses.back(); });
}

std::string painted(const std::string& text, int colour, bool colours) {
    return colours ? fmt::format("\x1b[30;48;5;{}m{}\x1b[0m", colour, text) : text;
}

HeatGrid read_grid(const Json& links, const Json& nodes) {
    HeatGrid out;
    std::map<unsigned, HeatNode> known;
    for (const Json& node : nodes) {
        const auto id = node.value("id", 0U);
        known[id] = {id, node.value("region", ""), node.value("name", std::to_string(id)).substr(0, kLongestLabel)};
    }
    std::map<unsigned, HeatNode> used;
    for (const Json& link : links) {
        const auto from = link.value("from", 0U);
        const auto to = link.value("to", 0U);
        const Json rtt = link.value("rtt_ms", Json());
        const Json loss = link.value("loss_ratio", Json());
        out.links[{from, to}] = {link.value("state", "") == "up",
                                 rtt.is_number() ? std::optional(rtt.get<double>()) : std::nullopt,
                                 loss.is_number() ? loss.get<double>() : 0};
        for (const unsigned id : {from, to}) {
            const auto found = known.find(id);
            used[id] = found == known.end() ? HeatNode{id, "", std::to_string(id)} : found->second;
        }
    }
    for (auto& [id, node] : used) {
        out.nodes.push_back(std::move(node));
    }
    std::ranges::sort(out.nodes, {}, [](const HeatNode& node) { return std::tie(node.region, node.id); });
    for (std::size_t i = 0; i < out.nodes.size(); ++i) {
        out.nodes[i].label = fmt::format("{} {}", i + 1, out.nodes[i].label);
    }
    return out;
}

// A cell of `width` columns; 1: a sign.
std::string cell_text(const HeatGrid& grid, unsigned from, unsigned to, std::size_t width, bool colours) {
    const auto found = grid.links.find({from, to});
    const bool sign_only = width == 1;
    if (found == grid.links.end() || (found->second.is_up && !found->second.rtt_ms)) {
        return std::string(width - 1, ' ') + (from == to ? "\\" : " ");
    }
    const HeatLink& link = found->second;
    if (!link.is_up) {
        return painted(sign_only ? std::string(1, kDown.sign) : fmt::format("{:>{}} ", "down", width - 1), kDown.colour,
                       colours);
    }
    const HeatClass& heat = class_of(*link.rtt_ms);
    const std::string text =
        sign_only ? std::string(1, heat.sign)
                  : fmt::format("{:>{}.0f}{}", *link.rtt_ms, width - 1, link.loss_ratio >= kLossyFrom ? '!' : ' ');
    return painted(text, heat.colour, colours);
}

std::string legend(bool colours, bool signs) {
    std::string out = "RTT in ms:";
    double from = 0;
    for (const HeatClass& each : kClasses) {
        const std::string range = &each == &kClasses.back() ? fmt::format("> {:.0f}", from)
                                                            : fmt::format("{:.0f}-{:.0f}", from, each.up_to_ms);
        const std::string sign = signs ? fmt::format("{}: ", each.sign) : "";
        out += "  " + painted(fmt::format(" {}{} ", sign, range), each.colour, colours);
        from = each.up_to_ms;
    }
    out += "  " + painted(signs ? fmt::format(" {}: down ", kDown.sign) : " down ", kDown.colour, colours);
    return out + (signs ? "\n" : fmt::format("   !: loss of {:.0f} % and more\n", 100 * kLossyFrom));
}

}  // namespace

std::string heat_map(const Json& links, const Json& nodes, const HeatStyle& style) {
    const HeatGrid grid = read_grid(links, nodes);
    if (grid.nodes.empty()) {
        return "no link is measured yet\n";
    }
    std::size_t label = 4;
    for (const HeatNode& node : grid.nodes) {
        label = std::max(label, node.label.size());
    }
    const std::size_t room = std::max(style.width, label + 2) - label - 1;
    const bool signs = grid.nodes.size() * kNumberWidth > room;
    const std::size_t width = signs ? 1 : kNumberWidth;
    const std::size_t columns = std::max<std::size_t>(room / width, 1);
    std::string out;
    for (std::size_t first = 0; first < grid.nodes.size(); first += columns) {
        const std::size_t end = std::min(first + columns, grid.nodes.size());
        out += fmt::format("{:<{}} ", "from", label);
        if (signs) {
            out += fmt::format("to {}-{}", first + 1, end);
        }
        for (std::size_t i = first; i < end && !signs; ++i) {
            out += fmt::format("{:>{}} ", i + 1, width - 1);
        }
        out += "\n";
        for (const HeatNode& from : grid.nodes) {
            out += fmt::format("{:<{}} ", from.label, label);
            for (std::size_t i = first; i < end; ++i) {
                out += cell_text(grid, from.id, grid.nodes[i].id, width, style.colours);
            }
            out += "\n";
        }
        out += "\n";
    }
    return out + legend(style.colours, signs);
}

}  // namespace izar
