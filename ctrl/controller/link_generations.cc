#include "ctrl/controller/link_generations.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

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

}  // namespace

Result<LinkGenerations> LinkGenerations::parse(std::string_view body) {
    LinkGenerations out;
    for (std::size_t number = 1; !body.empty(); ++number) {
        std::string_view line = take_until(body, "\n");
        const std::string_view key = take_until(line, ": ");
        if (!out.parse_line(key, line)) {
            return fail(fmt::format("line {} of the store's document {} is damaged; put the store back from a copy",
                                    number, kLinkSecretsDocument));
        }
    }
    const auto is_known = [&](LinkGeneration generation) {
        return generation == LinkGeneration{} || out.seeds_.contains(generation);
    };
    if (!is_known(out.newest_) || !std::ranges::all_of(out.behind_, [&](const auto& node) {
            return is_known(node.second) && node.second < out.newest_;
        })) {
        return fail(
            fmt::format("the store's document {} lacks a seed; put the store back from a copy", kLinkSecretsDocument));
    }
    return out;
}

bool LinkGenerations::parse_line(std::string_view key, std::string_view value) {
    const auto number = read_number<std::uint32_t>(take_until(value, " "));
    if (!number) {
        return false;
    }
    const LinkGeneration generation{*number};
    if (key == "newest") {
        newest_ = generation;
        return value.empty();
    }
    if (key == "seed") {
        return generation != LinkGeneration{} && seeds_.emplace(generation, value).second;
    }
    return key == "behind" && parse_behind(generation, value);
}

bool LinkGenerations::parse_behind(LinkGeneration generation, std::string_view nodes) {
    while (!nodes.empty()) {
        const auto node = read_number<std::uint16_t>(take_until(nodes, ","));
        if (!node || *node == 0 || !behind_.emplace(NodeId{*node}, generation).second) {
            return false;
        }
    }
    return true;
}

std::string LinkGenerations::text() const {
    std::map<LinkGeneration, std::string> nodes;
    for (const auto& [node, generation] : behind_) {
        std::string& list = nodes[generation];
        list += fmt::format("{}{}", list.empty() ? "" : ",", raw(node));
    }
    std::string out = fmt::format("newest: {}\n", raw(newest_));
    for (const auto& [generation, seed] : seeds_) {
        out += fmt::format("seed: {} {}\n", raw(generation), seed);
    }
    for (const auto& [generation, list] : nodes) {
        out += fmt::format("behind: {} {}\n", raw(generation), list);
    }
    return out;
}

LinkGeneration LinkGenerations::of(NodeId node) const {
    const auto found = behind_.find(node);
    return found == behind_.end() ? newest_ : found->second;
}

std::optional<LinkGeneration> LinkGenerations::former(NodeId one, NodeId other) const {
    const LinkGeneration both = std::min(of(one), of(other));
    return both < newest_ ? std::optional(both) : std::nullopt;
}

void LinkGenerations::begin(const std::set<NodeId>& nodes, std::string sealed) {
    for (const NodeId node : nodes) {
        behind_.emplace(node, newest_);  // unless it lacks that one already
    }
    newest_ = following();
    seeds_.insert_or_assign(newest_, std::move(sealed));
    forget_seeds();
}

void LinkGenerations::catch_up(const std::set<NodeId>& nodes) {
    for (const NodeId node : nodes) {
        behind_.erase(node);
    }
    forget_seeds();
}

void LinkGenerations::forget_seeds() {
    std::erase_if(seeds_, [&](const auto& seed) {
        return seed.first != newest_ &&
               std::ranges::none_of(behind_, [&](const auto& node) { return node.second == seed.first; });
    });
}

}  // namespace izar
