#include "tools/trace/trace_update.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

namespace izar {
namespace {

using Json = nlohmann::json;

void require(bool holds, const char* what) {
    if (!holds) {
        throw std::runtime_error(what);
    }
}

double read_number(const Json& json) {
    const auto value = json.get<double>();
    require(std::isfinite(value), "has a number that is not finite");
    return value;
}

Nanos read_time(const Json& json) {
    return Nanos{read_integer<std::int64_t>(json)};
}

// Traces of before have no rates.
BitRate read_rate(const Json& json, const char* key) {
    return json.contains(key) ? BitRate{read_integer<std::uint64_t>(json.at(key))} : kNoRate;
}

NodeId read_id(const Json& json) {
    return NodeId{read_integer<std::uint16_t>(json)};
}

// --- fleet ---

Json fleet_json(const Fleet& fleet) {
    Json nodes = Json::array();
    for (const FleetNode& node : fleet.nodes) {
        nodes.push_back({{"id", raw(node.id)},
                         {"name", node.name},
                         {"region", node.region},
                         {"address", node.id == kNoNode ? "" : node.overlay_address.text()}});
    }
    return {{"version", fleet.version}, {"self", raw(fleet.self)}, {"nodes", nodes}};
}

void copy_name(const Json& json, char (&out)[kNameLength]) {
    const auto name = json.get<std::string>();
    require(name.size() < kNameLength, "has a name that is too long");
    std::memcpy(out, name.c_str(), name.size() + 1);
}

Fleet fleet_of(const Json& json) {
    Fleet fleet;
    fleet.version = read_integer<std::uint64_t>(json.at("version"));
    fleet.self = NodeSlot{read_integer<std::uint16_t>(json.at("self"))};
    const Json& nodes = json.at("nodes");
    require(nodes.is_array() && nodes.size() <= kMaxNodes, "has too many nodes");
    for (const Json& each : nodes) {
        FleetNode node;
        node.id = read_id(each.at("id"));
        copy_name(each.at("name"), node.name);
        copy_name(each.at("region"), node.region);
        if (node.id != kNoNode) {
            const auto address = IpAddress::parse(each.at("address").get<std::string>());
            require(address.has_value(), "has a node without an IP address");
            require(fleet.slot(node.id) == kNoSlot, "has two nodes of one id");
            node.overlay_address = *address;
            fleet.slot_of_id[raw(node.id)] = NodeSlot{static_cast<std::uint16_t>(fleet.nodes.size())};
        }
        fleet.nodes.push_back(node);
    }
    require(raw(fleet.self) < fleet.nodes.size(), "has a fleet without the own node");
    return fleet;
}

// --- policies ---

Json policy_json(const RoutingPolicy& policy) {
    return {{"name", policy.name},
            {"rule", name_of(policy.rule)},
            {"loss_delay", policy.loss_delay.count()},
            {"weights", {policy.delay_weight, policy.mean_weight, policy.variance_weight}},
            {"margin", policy.margins.absolute.count()},
            {"relative_margin", policy.margins.relative},
            {"most_cost", policy.caps.path_cost.count()},
            {"most_cpu", policy.caps.cpu_percent},
            {"most_price", policy.caps.price},
            {"most_bandwidth", policy.caps.bandwidth_percent},
            {"forbidden_nodes", policy.forbidden_nodes},
            {"forbidden_regions", policy.forbidden_regions},
            {"node_prices", policy.node_prices},
            {"region_prices", policy.region_prices},
            {"spread", policy.spread},
            {"spread_margin", policy.spread_margin}};
}

CostRule rule_of(const Json& json) {
    const auto name = json.get<std::string>();
    for (const CostRule rule : {CostRule::rtt, CostRule::rtt_loss, CostRule::lyapunov}) {
        if (name_of(rule) == name) {
            return rule;
        }
    }
    throw std::runtime_error("has a cost rule that is not known: " + name);
}

PriceList prices_of(const Json& json) {
    PriceList prices;
    for (const auto& [place, price] : json.items()) {
        prices[place] = read_number(price);
    }
    return prices;
}

RoutingPolicy policy_of(const Json& json) {
    RoutingPolicy policy;
    policy.name = json.at("name").get<std::string>();
    policy.rule = rule_of(json.at("rule"));
    policy.loss_delay = read_time(json.at("loss_delay"));
    policy.delay_weight = read_number(json.at("weights").at(0));
    policy.mean_weight = read_number(json.at("weights").at(1));
    policy.variance_weight = read_number(json.at("weights").at(2));
    policy.margins = {read_time(json.at("margin")), read_number(json.at("relative_margin"))};
    policy.caps = {.cpu_percent = read_number(json.at("most_cpu")),
                   .price = read_number(json.at("most_price")),
                   .bandwidth_percent = json.value("most_bandwidth", policy.caps.bandwidth_percent),  // as below
                   .path_cost = read_time(json.at("most_cost"))};
    policy.forbidden_nodes = json.at("forbidden_nodes").get<std::vector<std::string>>();
    policy.forbidden_regions = json.at("forbidden_regions").get<std::vector<std::string>>();
    policy.node_prices = prices_of(json.at("node_prices"));
    policy.region_prices = prices_of(json.at("region_prices"));
    policy.spread = json.at("spread").get<bool>();
    policy.spread_margin = read_number(json.at("spread_margin"));
    return policy;
}

RoutingPolicies policies_of(const Json& json) {
    require(json.is_array() && !json.empty() && json.size() <= kMaxPolicies, "has no policy or too many");
    RoutingPolicies policies;
    policies.list.clear();
    for (const Json& each : json) {
        policies.list.push_back(policy_of(each));
    }
    return policies;
}

// --- dynamic items ---

Json link_json(const FeedLink& link) {
    return {{"from", raw(link.from)},
            {"to", raw(link.to)},
            {"reachable", link.reachable},
            {"rtt", link.rtt.count()},
            {"loss", link.loss},
            {"variation", link.variation.count()},
            {"age", link.age.count()},
            {"count", link.count},
            {"round_trip", link.round_trip},
            {"used", raw(link.bandwidth.used)},
            {"windows", link.bandwidth.count}};
}

FeedLink link_of(const Json& json) {
    return {.from = read_id(json.at("from")),
            .to = read_id(json.at("to")),
            .reachable = json.at("reachable").get<bool>(),
            .rtt = read_time(json.at("rtt")),
            .variation = read_time(json.at("variation")),
            .loss = read_number(json.at("loss")),
            .round_trip = json.value("round_trip", false),  // traces of before have none
            .age = read_time(json.at("age")),
            .count = read_integer<std::uint32_t>(json.at("count")),
            .bandwidth = {.used = read_rate(json, "used"), .count = json.value("windows", 0U)}};
}

// The figures of a load, in the order in which a trace has them.
template <typename Load, typename Visit>
void for_each_figure(Load& load, Visit visit) {
    for (auto* figure : {&load.cpu_percent, &load.cpu_variance, &load.mean_excess, &load.variance_excess,
                         &load.mean_queue, &load.variance_queue, &load.price}) {
        visit(*figure);
    }
}

Json node_json(const FeedNode& node) {
    Json figures = Json::array();
    for_each_figure(node.load, [&](double figure) { figures.push_back(figure); });
    return {{"node", raw(node.node)},
            {"load", figures},
            {"used", raw(node.load.used)},
            {"capacity", raw(node.load.capacity)},
            {"egress_percent", node.load.egress_percent},
            {"age", node.age.count()}};
}

FeedNode node_of(const Json& json) {
    FeedNode node{.node = read_id(json.at("node")), .load = {}, .age = read_time(json.at("age"))};
    std::size_t at = 0;
    for_each_figure(node.load, [&](double& figure) { figure = read_number(json.at("load").at(at++)); });
    node.load.used = read_rate(json, "used");
    node.load.capacity = read_rate(json, "capacity");
    node.load.egress_percent = json.value("egress_percent", node.load.egress_percent);
    return node;
}

Json ids_json(const std::vector<NodeId>& ids) {
    Json out = Json::array();
    for (const NodeId id : ids) {
        out.push_back(raw(id));
    }
    return out;
}

template <typename Item, typename Read>
void read_list(const Json& json, const char* key, std::vector<Item>& out, Read read) {
    if (json.contains(key)) {
        std::ranges::transform(json.at(key), std::back_inserter(out), read);
    }
}

}  // namespace

Json update_json(const FeedUpdate& update) {
    Json out = Json::object();
    if (update.fleet != nullptr) {
        out["fleet"] = fleet_json(*update.fleet);
    }
    if (update.policies != nullptr) {
        std::ranges::transform(update.policies->list, std::back_inserter(out["policies"] = Json::array()), policy_json);
    }
    if (update.life) {
        out["live"] = *update.life == FeedLife::live;
    }
    for (const FeedLink& link : update.links) {
        out["links"].push_back(link_json(link));
    }
    for (const FeedNode& node : update.nodes) {
        out["nodes"].push_back(node_json(node));
    }
    if (!update.withdrawn.empty()) {
        out["withdrawn"] = ids_json(update.withdrawn);
    }
    if (!update.restored.empty()) {
        out["restored"] = ids_json(update.restored);
    }
    return out;
}

FeedUpdate update_of(const Json& json) {
    FeedUpdate update;
    if (json.contains("fleet")) {
        update.fleet = std::make_shared<const Fleet>(fleet_of(json.at("fleet")));
    }
    if (json.contains("policies")) {
        update.policies = std::make_shared<const RoutingPolicies>(policies_of(json.at("policies")));
    }
    if (json.contains("live")) {
        update.life = json.at("live").get<bool>() ? FeedLife::live : FeedLife::silent;
    }
    read_list(json, "links", update.links, link_of);
    read_list(json, "nodes", update.nodes, node_of);
    read_list(json, "withdrawn", update.withdrawn, read_id);
    read_list(json, "restored", update.restored, read_id);
    return update;
}

}  // namespace izar
