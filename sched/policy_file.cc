#include "sched/policy_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "dataplane/config/yaml_reader.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kMostWeight = 1e6;
constexpr double kMostPrice = 1e6;
constexpr double kLeastTargetCpu = 10;
constexpr double kLeastMoved = 1;  // percent; below, a weight in thousandths hardly moves
constexpr double kMostMoved = 50;  // percent; above, a late measurement swings the shares from end to end
constexpr std::size_t kMostPrices = 2 * kMaxNodes;

// Reads one file; each function adds the problems that it finds.
class PolicyReader {
  public:
    PolicyReader(const PolicyFileContext& context, ConfigProblems& problems) : context_(context), problems_(problems) {}

    RoutingPolicies read(const YamlCursor& top);

  private:
    RoutingPolicy read_policy(const YamlMap& keys, PolicyIndex index);
    void read_rule(const YamlMap& keys, RoutingPolicy& policy) const;
    void read_forbidden(const YamlCursor& forbidden, RoutingPolicy& policy) const;
    void read_services(const YamlCursor& services, PolicyIndex index);
    void read_prices(const YamlCursor& prices);
    void read_price(const YamlMap& keys);

    const PolicyFileContext& context_;
    ConfigProblems& problems_;
    RoutingPolicies policies_;
};

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

void read_weights(const YamlCursor& weights, RoutingPolicy& policy) {
    const auto keys = weights.map({"delay", "cpu_mean", "cpu_variance"});
    if (!keys) {
        return;
    }
    const std::pair<std::string_view, double*> fields[] = {
        {"delay", &policy.delay_weight}, {"cpu_mean", &policy.mean_weight}, {"cpu_variance", &policy.variance_weight}};
    for (const auto& [key, field] : fields) {
        if (const auto given = keys->find(key)) {
            assign(*field, given->number(0, kMostWeight));
        }
    }
}

void read_margins(const YamlCursor& margins, SwitchMargins& out) {
    const auto keys = margins.map({"absolute", "relative"});
    if (!keys) {
        return;
    }
    if (const auto absolute = keys->find("absolute")) {
        assign(out.absolute, absolute->duration(Nanos{0}, seconds{10}));
    }
    if (const auto relative = keys->find("relative")) {
        assign(out.relative, relative->number(0, 0.9));
    }
}

void read_caps(const YamlCursor& relays, RelayCaps& out) {
    const auto keys = relays.map({"max_cost", "max_cpu_percent", "max_price_per_gb", "max_bandwidth_percent"});
    if (!keys) {
        return;
    }
    if (const auto cost = keys->find("max_cost")) {
        assign(out.path_cost, cost->duration(milliseconds{1}, seconds{2}));
    }
    if (const auto cpu = keys->find("max_cpu_percent")) {
        assign(out.cpu_percent, cpu->number(0, 100));
    }
    if (const auto price = keys->find("max_price_per_gb")) {
        assign(out.price, price->number(0, kMostPrice));
    }
    if (const auto bandwidth = keys->find("max_bandwidth_percent")) {
        assign(out.bandwidth_percent, bandwidth->number(0, 100));
    }
}

void read_last_mile(const YamlCursor& last_mile, LastMilePolicy& out) {
    const auto keys = last_mile.map({"target_cpu_percent", "max_moved_percent"});
    if (!keys) {
        return;
    }
    if (const auto target = keys->find("target_cpu_percent")) {
        assign(out.target_cpu, target->number(kLeastTargetCpu, 100));
    }
    if (const auto moved = keys->find("max_moved_percent")) {
        assign(out.most_moved_percent, moved->number(kLeastMoved, kMostMoved));
    }
}

void PolicyReader::read_rule(const YamlMap& keys, RoutingPolicy& policy) const {
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
    policy.margins = context_.margins;
    if (const auto margins = keys.find("margins")) {
        read_margins(*margins, policy.margins);
    }
    if (const auto spread = keys.find("spread")) {
        policy.spread = assign(policy.spread_margin, spread->number(0, 1));
    }
}

void PolicyReader::read_forbidden(const YamlCursor& forbidden, RoutingPolicy& policy) const {
    const auto keys = forbidden.map({"nodes", "regions"});
    if (!keys) {
        return;
    }
    read_names(keys->find("nodes"), context_.known.nodes, "node", policy.forbidden_nodes);
    read_names(keys->find("regions"), context_.known.regions, "region", policy.forbidden_regions);
}

void PolicyReader::read_services(const YamlCursor& services, PolicyIndex index) {
    for (const YamlCursor& item : services.list(kMaxServices)) {
        const auto name = known_name(item, context_.known.services, "service");
        if (name && !policies_.of_service.emplace(*name, index).second) {
            item.problem(fmt::format("'{}' has a policy already; a service follows one", *name));
        }
    }
}

RoutingPolicy PolicyReader::read_policy(const YamlMap& keys, PolicyIndex index) {
    RoutingPolicy policy;
    if (const auto name_key = keys.need("name")) {
        const auto name = name_key->name();
        const auto same = [&](const RoutingPolicy& other) { return name && other.name == *name; };
        if (std::any_of(policies_.list.begin(), policies_.list.end(), same)) {
            name_key->problem(fmt::format("'{}' names another policy already; choose another name", *name));
        }
        assign(policy.name, name);
    }
    read_rule(keys, policy);
    if (const auto relays = keys.find("relays")) {
        read_caps(*relays, policy.caps);
    }
    if (const auto forbidden = keys.find("forbidden")) {
        read_forbidden(*forbidden, policy);
    }
    if (const auto services = keys.find("services")) {
        read_services(*services, index);
    }
    return policy;
}

void PolicyReader::read_price(const YamlMap& keys) {
    const auto node_key = keys.find("node");
    const auto region_key = keys.find("region");
    const auto price_key = keys.need("price", "give it in currency per GB: 0.08");
    const auto price = price_key ? price_key->number(0, kMostPrice) : std::nullopt;
    if (node_key.has_value() == region_key.has_value()) {
        keys.cursor().problem("needs either 'node' or 'region'");
        return;
    }
    const YamlCursor& place = node_key ? *node_key : *region_key;
    const auto name = node_key ? known_name(place, context_.known.nodes, "node")
                               : known_name(place, context_.known.regions, "region");
    if (!name || !price) {
        return;
    }
    for (RoutingPolicy& policy : policies_.list) {
        PriceList& list = node_key ? policy.node_prices : policy.region_prices;
        if (!list.emplace(*name, *price).second && &policy == &policies_.list.front()) {
            place.problem(fmt::format("'{}' has a price already; keep one", *name));
        }
    }
}

void PolicyReader::read_prices(const YamlCursor& prices) {
    for (const YamlCursor& item : prices.list(kMostPrices)) {
        if (const auto keys = item.map({"node", "region", "price"})) {
            read_price(*keys);
        }
    }
}

RoutingPolicies PolicyReader::read(const YamlCursor& top) {
    const std::size_t before = problems_.count();
    const auto root = top.map({"policies", "prices_per_gb", "last_mile"});
    const auto list = root ? root->need("policies", "list at least one: policies: [{name: default}]") : std::nullopt;
    if (!list) {
        return {};
    }
    policies_.list.clear();
    for (const YamlCursor& item : list->list(kMaxPolicies)) {
        if (const auto keys = item.map(
                {"name", "rule", "loss_delay", "weights", "margins", "spread", "relays", "forbidden", "services"})) {
            const PolicyIndex index{static_cast<std::uint8_t>(policies_.list.size())};
            policies_.list.push_back(read_policy(*keys, index));
        }
    }
    if (policies_.list.empty() && problems_.count() == before) {
        list->problem("is empty; the first policy is that of all services that no other lists");
    }
    if (const auto prices = root->find("prices_per_gb")) {
        read_prices(*prices);
    }
    if (const auto last_mile = root->find("last_mile")) {
        read_last_mile(*last_mile, policies_.last_mile);
    }
    return std::move(policies_);
}

}  // namespace

Result<RoutingPolicies> parse_routing_policy(const std::string& text, const std::string& file_name,
                                             const PolicyFileContext& context) {
    const auto tree = parse_yaml(text, file_name);
    if (!tree) {
        return tl::unexpected(tree.error());
    }
    ConfigProblems problems(file_name);
    RoutingPolicies policies = PolicyReader(context, problems).read(YamlCursor(*tree, "", problems));
    if (!problems.empty()) {
        return fail(problems.text());
    }
    return policies;
}

Result<RoutingPolicies> load_routing_policy(const std::string& path, const PolicyFileContext& context) {
    const auto text = read_config_file(path);
    if (!text) {
        return tl::unexpected(text.error());
    }
    return parse_routing_policy(*text, path, context);
}

}  // namespace izar
