// Random policies read back as they were, written by a few lines of this test or shown by izar itself; and a word that
// means nothing, wherever it stands, is told with its line and column.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "sched/policy_file.h"

namespace izar {
namespace {

template <typename T>
T random_of(T least, T end) {
    return *rc::gen::inRange(least, end);
}

RoutingPolicy random_policy(std::size_t number) {
    RoutingPolicy policy;
    policy.name = fmt::format("p{}", number);
    policy.rule = *rc::gen::element(CostRule::rtt, CostRule::rtt_loss, CostRule::lyapunov);
    if (policy.rule != CostRule::rtt) {
        policy.loss_delay = std::chrono::milliseconds{random_of(0, 10'001)};
    }
    if (policy.rule == CostRule::lyapunov) {
        policy.delay_weight = random_of(0, 9) / 8.0;
        policy.mean_weight = random_of(0, 1000);
        policy.variance_weight = random_of(0, 1000);
    }
    policy.margins = {std::chrono::microseconds{random_of(0, 10'000'001)}, random_of(0, 8) / 10.0};
    policy.spread = *rc::gen::arbitrary<bool>();
    policy.spread_margin = policy.spread ? random_of(0, 17) / 16.0 : policy.spread_margin;
    policy.caps = {static_cast<double>(random_of(0, 101)), static_cast<double>(random_of(0, 1000)),
                   static_cast<double>(random_of(0, 101)), std::chrono::milliseconds{random_of(1, 2001)}};
    for (int i = random_of(0, 4); i > 0; --i) {
        policy.forbidden_nodes.push_back(fmt::format("n{}", i));
        policy.forbidden_regions.push_back(fmt::format("r{}", i));
    }
    return policy;
}

std::string listed(const std::vector<std::string>& names) {
    return fmt::format("[{}]", fmt::join(names, ", "));
}

std::string text_of(const RoutingPolicy& policy, const std::vector<std::string>& services) {
    std::string out = fmt::format("  - name: {}\n    rule: {}\n", policy.name, name_of(policy.rule));
    if (policy.rule != CostRule::rtt) {
        out += fmt::format("    loss_delay: {}ns\n", policy.loss_delay.count());
    }
    if (policy.rule == CostRule::lyapunov) {
        out += fmt::format("    weights: {{delay: {}, cpu_mean: {}, cpu_variance: {}}}\n", policy.delay_weight,
                           policy.mean_weight, policy.variance_weight);
    }
    out += fmt::format("    margins:\n      absolute: {}ns\n      relative: {}\n", policy.margins.absolute.count(),
                       policy.margins.relative);
    if (policy.spread) {
        out += fmt::format("    spread: {}\n", policy.spread_margin);
    }
    out += fmt::format("    relays:\n      max_cost: {}ns\n      max_cpu_percent: {}\n      max_price_per_gb: {}\n",
                       policy.caps.path_cost.count(), policy.caps.cpu_percent, policy.caps.price);
    out += fmt::format("      max_bandwidth_percent: {}\n", policy.caps.bandwidth_percent);
    out += fmt::format("    forbidden:\n      nodes: {}\n      regions: {}\n", listed(policy.forbidden_nodes),
                       listed(policy.forbidden_regions));
    return out + fmt::format("    services: {}\n", listed(services));
}

struct File {
    RoutingPolicies policies;
    std::string text = "policies:\n";
};

File random_file() {
    File file;
    file.policies.list.clear();
    const auto count = random_of<std::size_t>(1, kMaxPolicies + 1);
    for (std::size_t i = 0; i < count; ++i) {
        file.policies.list.push_back(random_policy(i));
        std::vector<std::string> services;
        for (int s = random_of(0, 4); s > 0; --s) {
            services.push_back(fmt::format("s{}-{}", i, s));
            file.policies.of_service.emplace(services.back(), PolicyIndex{static_cast<std::uint8_t>(i)});
        }
        file.text += text_of(file.policies.list.back(), services);
    }
    const int moved = random_of(1, 51);
    file.policies.last_mile.target_cpu = random_of(10, 101);
    file.policies.last_mile.most_moved_percent = moved;
    file.text += fmt::format("last_mile:\n  target_cpu_percent: {}\n  max_moved_percent: {}\n",
                             file.policies.last_mile.target_cpu, moved);
    return file;
}

RC_GTEST_PROP(PolicyFile, WhatWasWrittenIsRead, ()) {
    const File file = random_file();
    const auto read = parse_routing_policy(file.text, "rp.yaml");
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == file.policies);
}

// Numbers that no short decimal is equal to, and everything that a file may leave out.
void vary(RoutingPolicies& policies) {
    for (int i = random_of(0, 4); i > 0; --i) {
        policies.list.front().node_prices.emplace(fmt::format("n{}", i), random_of(0, 700) / 7.0);
        policies.list.front().region_prices.emplace(fmt::format("{}", i),
                                                    random_of(0, 700) / 7.0);  // quoted, or a number
    }
    for (RoutingPolicy& policy : policies.list) {
        policy.node_prices = policies.list.front().node_prices;
        policy.region_prices = policies.list.front().region_prices;
        policy.margins = {Nanos{random_of(0, 1'000'000'001)}, random_of(0, 7) / 7.0};
        policy.caps.cpu_percent = random_of(0, 701) / 7.0;
        policy.caps.path_cost = Nanos{random_of(1'000'000, 2'000'000'001)};
        if (*rc::gen::arbitrary<bool>()) {
            policy.caps.price = RelayCaps{}.price;
        }
        if (*rc::gen::arbitrary<bool>()) {
            policy.caps.bandwidth_percent = RelayCaps{}.bandwidth_percent;
        }
    }
    policies.last_mile.target_cpu = random_of(70, 701) / 7.0;
    policies.last_mile.most_moved_percent = random_of(7, 351) / 7.0;
}

// Whatever the context of the reader is: a fleet that is handed the text decides as the one who wrote it.
RC_GTEST_PROP(PolicyFile, WhatIsShownIsReadAsTheSame, ()) {
    RoutingPolicies policies = random_file().policies;
    vary(policies);
    const std::string text = routing_policy_text(policies);
    const PolicyFileContext context{.known = {}, .margins = {std::chrono::milliseconds{77}, 0.77}};
    const auto read = parse_routing_policy(text, "rp.yaml", context);
    RC_LOG() << text << (read ? "" : read.error().text);
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == policies);
    RC_ASSERT(routing_policy_text(*read) == text);
}

// A key of the file, where it stands.
struct Key {
    std::size_t at;
    std::size_t length;
    int line;
    int column;
};

// The keys that begin a line, list dashes and spaces aside.
std::vector<Key> keys_of(const std::string& text) {
    std::vector<Key> keys;
    int line = 1;
    for (std::size_t start = 0; start < text.size(); ++line) {
        const std::size_t end = text.find('\n', start);
        const std::size_t at = text.find_first_not_of(" -", start);
        const std::size_t colon = text.find(':', at);
        keys.push_back({at, colon - at, line, static_cast<int>(at - start) + 1});
        start = end + 1;
    }
    return keys;
}

RC_GTEST_PROP(PolicyFile, ASlipIsToldWithLineColumnAndTheKeyMeant, ()) {
    File file = random_file();
    const Key key = *rc::gen::elementOf(keys_of(file.text));
    const std::string meant = file.text.substr(key.at, key.length);
    std::string slip = meant;
    slip[slip.size() / 2] = 'X';
    file.text.replace(key.at, key.length, slip);
    const auto read = parse_routing_policy(file.text, "rp.yaml");
    RC_ASSERT(!read.has_value());
    const std::string place = fmt::format("rp.yaml:{}:{}: unknown key '{}'", key.line, key.column, slip);
    const auto found = read.error().text.find(place);
    RC_ASSERT(found != std::string::npos);
    const std::string line = read.error().text.substr(found, read.error().text.find('\n', found) - found);
    RC_ASSERT(line.ends_with(fmt::format("did you mean '{}'?", meant)));
}

RC_GTEST_PROP(PolicyFile, AWrongValueIsToldWithLineAndColumn, ()) {
    File file = random_file();
    std::vector<Key> keys = keys_of(file.text);
    std::erase_if(keys, [&](const Key& key) {  // those whose value is a single one
        const std::string_view rest = std::string_view{file.text}.substr(key.at + key.length);
        return !rest.starts_with(": ") || rest.starts_with(": [") || rest.starts_with(": {");
    });
    const Key key = *rc::gen::elementOf(keys);
    const std::size_t value = key.at + key.length + 2;
    file.text.replace(value, file.text.find('\n', value) - value, "?wrong?");
    const auto read = parse_routing_policy(file.text, "rp.yaml");
    RC_ASSERT(!read.has_value());
    const int column = key.column + static_cast<int>(key.length) + 2;
    RC_ASSERT(read.error().text.find(fmt::format("rp.yaml:{}:{}: ", key.line, column)) != std::string::npos);
}

}  // namespace
}  // namespace izar
