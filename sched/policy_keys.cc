#include "sched/policy_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "dataplane/base/limits.h"
#include "sched/policy_text.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kMostWeight = 1e6;
constexpr double kMostPrice = 1e6;
constexpr double kMostRelative = 0.9;
constexpr double kLeastTargetCpu = 10;
constexpr double kLeastMoved = 1;  // percent; below, a weight in thousandths hardly moves
constexpr double kMostMoved = 50;  // percent; above, a late measurement swings the shares from end to end
constexpr std::size_t kMostPrices = 2 * kMaxNodes;

constexpr ItemKey kPolicyKeys[] = {
    {"name", "required", "a name", "Unique; what `show paths` and `izar path explain A B NAME` call it."},
    {"rule", "`rtt-loss`", "rtt, rtt-loss, lyapunov",
     "Cost of a link: `rtt`; `rtt-loss`: and loss, as the delay that retransmissions are expected to add; `lyapunov`: "
     "`delay * V + Qm + Qv`, with loss in the delay and the virtual queues of the link's far node "
     "([why](decisions/0023-queues-count-until-they-are-empty.md))."},
    {"loss_delay", "`1s`", "a duration, 0 to 10s", "What a lost packet costs. Not with `rtt`."},
    {"weights", "see [there](#weights-and-margins)", "a map", "Of the terms of `lyapunov`, and with it only."},
    {"margins", "see [there](#weights-and-margins)", "a map",
     "How much better a path must be before flows move to it."},
    {"spread", "no spreading", "0 to 1",
     "Flows are spread over paths at most this much dearer than the best (0.05: 5 %)."},
    {"relays", "see [there](#relays)", "a map", "What a node must not exceed to relay."},
    {"forbidden", "see [there](#forbidden)", "a map",
     "Nodes that [neither relay the policy's services nor are their egress](#what-a-forbidden-node-sees)."},
    {"services", "none", "a list of at most 4096 names", "Which services follow this policy; each at most one."},
};
constexpr ItemKey kWeightKeys[] = {
    {"delay", "`1`", "0 to 1000000", "V, per millisecond."},
    {"cpu_mean", "`1`", "0 to 1000000", "Scales Qm, in milliseconds."},
    {"cpu_variance", "`1`", "0 to 1000000", "Scales Qv, in milliseconds."},
};
constexpr ItemKey kMarginKeys[] = {
    {"absolute", "`hysteresis.absolute` of `edge.yaml`; of a controller's policy `5ms`", "a duration, 0 to 10s",
     "A path must be this much better before flows move to it."},
    {"relative", "`hysteresis.relative` of `edge.yaml`; of a controller's policy `0.1`", "0 to 0.9",
     "And better by this part of the old path's cost."},
};
constexpr ItemKey kRelayKeys[] = {
    {"max_cost", "`2s`", "a duration, 1ms to 2s", "A dearer path over relays is not taken."},
    {"max_cpu_percent", "`100`", "0 to 100",
     "A node above it does [not relay](#how-a-relay-at-its-caps-is-left-and-taken-again). A node whose CPU nobody told "
     "may."},
    {"max_price_per_gb", "no limit", "0 to 1000000",
     "A dearer node does not relay. A node whose price nobody told may."},
    {"max_bandwidth_percent", "no limit", "0 to 100",
     "A node whose links together use more of its [uplink](edge-config.md) does not relay, mean of the last minute. A "
     "node whose uplink nobody told may."},
};
constexpr ItemKey kForbiddenKeys[] = {
    {"nodes", "none", "a list of at most 1024 names", "The nodes, none twice."},
    {"regions", "none", "a list of at most 1024 names", "All nodes of these regions."},
};
constexpr ItemKey kPriceKeys[] = {
    {"node", "this or `region`", "a name", "Whose price it is; stands before that of its region."},
    {"region", "this or `node`", "a name", "The price of all its nodes; stands before what a controller tells."},
    {"price", "required", "0 to 1000000", "Of relaying, per GB, all in one currency."},
};

// What the keys of one file share while they are read.
struct PolicyReading {
    RoutingPolicies& policies;
    const PolicyFileContext& context;
};
using PolicyReadingPointer = std::shared_ptr<const PolicyReading>;

std::optional<std::string> known_name(const YamlCursor& at, const std::vector<std::string>& known,
                                      std::string_view what) {
    auto name = at.name();
    if (!name || known.empty() || std::ranges::find(known, *name) != known.end()) {
        return name;
    }
    const std::vector<std::string_view> words(known.begin(), known.end());
    const std::string_view meant = nearest_word(*name, words);
    at.problem(fmt::format("'{}' is no {} here{}", *name, what,
                           meant.empty() ? "; check its spelling" : fmt::format("; did you mean '{}'?", meant)));
    return std::nullopt;
}

// A list of known names, none twice.
void read_names(const std::optional<YamlCursor>& list, const std::vector<std::string>& known, std::string_view what,
                std::vector<std::string>& out) {
    if (!list) {
        return;
    }
    for (const YamlCursor& item : list->list(kMaxNodes)) {
        const auto name = known_name(item, known, what);
        if (name && std::ranges::find(out, *name) != out.end()) {
            item.problem(fmt::format("'{}' stands twice; keep one", *name));
        } else if (name) {
            out.push_back(*name);
        }
    }
}

void read_number(const YamlMap& keys, std::string_view key, double most, double& out) {
    if (const auto given = keys.find(key)) {
        assign(out, given->number(0, most));
    }
}

void read_duration(const YamlMap& keys, std::string_view key, Nanos least, Nanos most, Nanos& out) {
    if (const auto given = keys.find(key)) {
        assign(out, given->duration(least, most));
    }
}

void read_weights(const YamlCursor& weights, RoutingPolicy& policy) {
    if (const auto keys = weights.map(words_of(kWeightKeys))) {
        read_number(*keys, "delay", kMostWeight, policy.delay_weight);
        read_number(*keys, "cpu_mean", kMostWeight, policy.mean_weight);
        read_number(*keys, "cpu_variance", kMostWeight, policy.variance_weight);
    }
}

void read_margins(const YamlCursor& margins, SwitchMargins& out) {
    if (const auto keys = margins.map(words_of(kMarginKeys))) {
        read_duration(*keys, "absolute", Nanos{0}, seconds{10}, out.absolute);
        read_number(*keys, "relative", kMostRelative, out.relative);
    }
}

void read_caps(const YamlCursor& relays, RelayCaps& out) {
    if (const auto keys = relays.map(words_of(kRelayKeys))) {
        read_duration(*keys, "max_cost", milliseconds{1}, seconds{2}, out.path_cost);
        read_number(*keys, "max_cpu_percent", 100, out.cpu_percent);
        read_number(*keys, "max_price_per_gb", kMostPrice, out.price);
        read_number(*keys, "max_bandwidth_percent", 100, out.bandwidth_percent);
    }
}

void read_rule(const YamlMap& keys, RoutingPolicy& policy) {
    bool sound = true;  // a rule that was misread makes nothing else wrong
    if (const auto rule = keys.find("rule")) {
        sound = assign(policy.rule,
                       rule->word({name_of(CostRule::rtt), name_of(CostRule::rtt_loss), name_of(CostRule::lyapunov)}));
    }
    if (const auto delay = keys.find("loss_delay")) {
        assign(policy.loss_delay, delay->duration(Nanos{0}, seconds{10}));
        if (sound && policy.rule == CostRule::rtt) {
            delay->problem("means nothing with rule rtt; leave it out, or use rule rtt-loss");
        }
    }
    if (const auto weights = keys.find("weights")) {
        read_weights(*weights, policy);
        if (sound && policy.rule != CostRule::lyapunov) {
            weights->problem(
                fmt::format("means nothing with rule {}; leave it out, or use rule lyapunov", name_of(policy.rule)));
        }
    }
    if (const auto margins = keys.find("margins")) {
        read_margins(*margins, policy.margins);
    }
    if (const auto spread = keys.find("spread")) {
        policy.spread = assign(policy.spread_margin, spread->number(0, 1));
    }
}

void read_forbidden(const YamlCursor& forbidden, const KnownNames& known, RoutingPolicy& policy) {
    if (const auto keys = forbidden.map(words_of(kForbiddenKeys))) {
        read_names(keys->find("nodes"), known.nodes, "node", policy.forbidden_nodes);
        read_names(keys->find("regions"), known.regions, "region", policy.forbidden_regions);
    }
}

void read_services(const YamlCursor& services, PolicyIndex index, const PolicyReading& reading) {
    for (const YamlCursor& item : services.list(kMaxServices)) {
        const auto name = known_name(item, reading.context.known.services, "service");
        if (name && !reading.policies.of_service.emplace(*name, index).second) {
            item.problem(fmt::format("'{}' has a policy already; a service follows one", *name));
        }
    }
}

RoutingPolicy read_policy(const YamlMap& keys, PolicyIndex index, const PolicyReading& reading) {
    RoutingPolicy policy;
    policy.margins = reading.context.margins;
    if (const auto name_key = keys.need("name")) {
        const auto name = name_key->name();
        const auto same = [&](const RoutingPolicy& other) { return name && other.name == *name; };
        if (std::ranges::any_of(reading.policies.list, same)) {
            name_key->problem(fmt::format("'{}' names another policy already; choose another name", *name));
        }
        assign(policy.name, name);
    }
    read_rule(keys, policy);
    if (const auto relays = keys.find("relays")) {
        read_caps(*relays, policy.caps);
    }
    if (const auto forbidden = keys.find("forbidden")) {
        read_forbidden(*forbidden, reading.context.known, policy);
    }
    if (const auto services = keys.find("services")) {
        read_services(*services, index, reading);
    }
    return policy;
}

void read_policies(const YamlCursor& at, const PolicyReading& reading) {
    const std::size_t before = at.problem_count();
    std::vector<RoutingPolicy>& list = reading.policies.list;
    for (const YamlCursor& item : at.list(kMaxPolicies)) {
        if (const auto keys = item.map(words_of(kPolicyKeys))) {
            const PolicyIndex index{static_cast<std::uint8_t>(list.size())};
            list.push_back(read_policy(*keys, index, reading));
        }
    }
    if (list.empty() && at.problem_count() == before) {
        at.problem("is empty; the first policy is that of all services that no other lists");
    }
}

// Each policy has all prices, so that it is whole by itself.
void read_price(const YamlMap& keys, const PolicyReading& reading) {
    const auto node_key = keys.find("node");
    const auto region_key = keys.find("region");
    const auto price_key = keys.need("price", "give it in currency per GB: 0.08");
    const auto price = price_key ? price_key->number(0, kMostPrice) : std::nullopt;
    if (node_key.has_value() == region_key.has_value()) {
        keys.cursor().problem("needs either 'node' or 'region'");
        return;
    }
    const YamlCursor& place = node_key ? *node_key : *region_key;
    const KnownNames& known = reading.context.known;
    const auto name = node_key ? known_name(place, known.nodes, "node") : known_name(place, known.regions, "region");
    if (!name || !price) {
        return;
    }
    std::vector<RoutingPolicy>& policies = reading.policies.list;
    for (RoutingPolicy& policy : policies) {
        PriceList& list = node_key ? policy.node_prices : policy.region_prices;
        if (!list.emplace(*name, *price).second && &policy == &policies.front()) {
            place.problem(fmt::format("'{}' has a price already; keep one", *name));
        }
    }
}

void read_prices(const YamlCursor& at, const PolicyReading& reading) {
    for (const YamlCursor& item : at.list(kMostPrices)) {
        if (const auto keys = item.map(words_of(kPriceKeys))) {
            read_price(*keys, reading);
        }
    }
}

ConfigKey number_key(std::string path, std::string_view kind, std::string_view meaning, double& field, double least,
                     double most) {
    return {.path = std::move(path),
            .kind = kind,
            .meaning = meaning,
            .read = [&field, least, most](const YamlCursor& at) { assign(field, at.number(least, most)); },
            .show = [&field] { return fmt::format("{}", field); }};
}

void add_lists(const PolicyReadingPointer& reading, std::vector<ConfigKey>& keys) {
    keys.push_back(
        {.path = "policies",
         .kind = "a list of 1 to 8 [policies](#policies)",
         .meaning = "The first one is that of every service that no policy lists.",
         .read = [reading](const YamlCursor& at) { read_policies(at, *reading); },
         .show = [reading] { return policies_text(reading->policies); },
         .otherwise = "required",
         .absent = [](bool) -> std::string_view { return "list at least one: policies: [{name: default}]"; }});
    keys.push_back({.path = "prices_per_gb",
                    .kind = "a list of at most 2048 [prices](#prices)",
                    .meaning = "What relaying costs, for `relays.max_price_per_gb`.",
                    .read = [reading](const YamlCursor& at) { read_prices(at, *reading); },
                    .show = [reading] { return prices_text(reading->policies); }});
}

}  // namespace

std::vector<ConfigKey> policy_keys(RoutingPolicies& policies, const PolicyFileContext& context) {
    std::vector<ConfigKey> keys;
    add_lists(std::make_shared<const PolicyReading>(PolicyReading{policies, context}), keys);
    LastMilePolicy& last_mile = policies.last_mile;
    keys.push_back(number_key("last_mile.target_cpu_percent", "10 to 100",
                              "Above it, a node gives clients and new flows to others of its region "
                              "([how](control-plane.md#which-ingress-for-which-client)).",
                              last_mile.target_cpu, kLeastTargetCpu, 100));
    keys.push_back(number_key("last_mile.max_moved_percent", "1 to 50",
                              "So much of a region's clients and new flows may move from node to node in a round of "
                              "5 s.",
                              last_mile.most_moved_percent, kLeastMoved, kMostMoved));
    for (ConfigKey& key : keys) {
        key.at_sighup = true;
    }
    return keys;
}

std::vector<ConfigItem> policy_items() {
    return {{"a policy", kPolicyKeys}, {"weights", kWeightKeys},      {"margins", kMarginKeys},
            {"relays", kRelayKeys},    {"forbidden", kForbiddenKeys}, {"a price", kPriceKeys}};
}

}  // namespace izar
