#include "ctrl/controller/link_generations.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace izar {
namespace {

template <typename Number>
std::optional<Number> read_number(std::string_view text) {
    Number out{};
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
    return problem == std::errc{} && end == text.data() + text.size() ? std::optional(out) : std::nullopt;
}

// What is before the separator; `text` keeps what is after it.
std::string_view take_until(std::string_view& text, std::string_view separator) {
    const std::size_t at = std::min(text.find(separator), text.size());
    const std::string_view out = text.substr(0, at);
    text.remove_prefix(std::min(at + separator.size(), text.size()));
    return out;
}

// "4,9" or "-" for none.
std::optional<std::set<NodeId>> read_nodes(std::string_view text) {
    std::set<NodeId> out;
    while (!text.empty() && text != "-") {
        const auto node = read_number<std::uint16_t>(take_until(text, ","));
        if (!node || *node == 0 || !out.insert(NodeId{*node}).second) {
            return std::nullopt;
        }
    }
    return out;
}

}  // namespace

Result<LinkGenerations> LinkGenerations::parse(std::string_view body) {
    if (body.empty()) {
        return LinkGenerations{};
    }
    LinkGenerations out;
    out.in_use_.clear();
    for (std::size_t number = 1; !body.empty(); ++number) {
        if (!out.parse_line(take_until(body, "\n"))) {
            return fail(fmt::format("line {} of the store's document {} is damaged; put the store back from a copy",
                                    number, kLinkSecretsDocument));
        }
    }
    return out;
}

bool LinkGenerations::parse_line(std::string_view line) {
    const std::string_view key = take_until(line, " ");
    const auto number = read_number<std::uint32_t>(take_until(line, " "));
    const std::string_view seed = take_until(line, " ");
    auto missed = read_nodes(line);
    if (key != "generation:" || !number || !missed || seed.empty() || (*number == 0) != (seed == "-")) {
        return false;
    }
    const LinkGeneration generation{*number};
    if (!in_use_.empty() && generation <= newest()) {
        return false;
    }
    in_use_.emplace(generation, Generation{*number == 0 ? "" : std::string(seed), *std::move(missed)});
    return true;
}

std::string LinkGenerations::text() const {
    std::string out;
    for (const auto& [generation, each] : in_use_) {
        std::string nodes;
        for (const NodeId node : each.missed) {
            nodes += fmt::format("{}{}", nodes.empty() ? "" : ",", raw(node));
        }
        out += fmt::format("generation: {} {} {}\n", raw(generation), each.seed.empty() ? "-" : each.seed,
                           nodes.empty() ? "-" : nodes);
    }
    return out;
}

// The oldest in use is one that nobody missed, as long as this writes the document.
LinkGeneration LinkGenerations::newest_of_both(NodeId one, NodeId other) const {
    const auto found = std::find_if(in_use_.rbegin(), in_use_.rend(), [&](const auto& each) {
        return !each.second.missed.contains(one) && !each.second.missed.contains(other);
    });
    return found == in_use_.rend() ? in_use_.begin()->first : found->first;
}

std::optional<LinkGeneration> LinkGenerations::former(NodeId one, NodeId other) const {
    const LinkGeneration both = newest_of_both(one, other);
    return both < newest() ? std::optional(both) : std::nullopt;
}

void LinkGenerations::begin(const std::set<NodeId>& nodes, std::string sealed) {
    in_use_.emplace(following(), Generation{std::move(sealed), nodes});
    forget();
}

void LinkGenerations::catch_up(const std::set<NodeId>& nodes) {
    std::set<NodeId>& missed = in_use_.rbegin()->second.missed;
    std::erase_if(missed, [&](NodeId node) { return nodes.contains(node); });
    forget();
}

// Needed are the newest, and what a node has that does not have the newest.
void LinkGenerations::forget() {
    const LinkGeneration last = newest();
    const std::set<NodeId> lacking = behind();
    std::erase_if(in_use_, [&](const auto& each) {
        return each.first != last &&
               std::ranges::all_of(lacking, [&](NodeId node) { return each.second.missed.contains(node); });
    });
}

}  // namespace izar
