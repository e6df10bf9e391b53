#include "sched/policy.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace izar {
namespace {

// A link that just came back is used only where nothing else is left, so it costs this much more.
constexpr double kStrictHoldMs = 1'000;
// Above this share of loss a link carries next to nothing; the quotient below would run away.
constexpr double kWorstLoss = 0.9;

double milliseconds(Nanos t) noexcept {
    return std::chrono::duration<double, std::milli>(t).count();
}

// Held softly, a link costs so much more that only a path far better than the rest goes over it.
double hold_ms(const RoutingPolicy& policy, const LinkTerms& link) noexcept {
    switch (link.hold) {
        case Hold::none:
            return 0;
        case Hold::soft:
            return kFarBetterMargins * milliseconds(policy.margins.absolute) +
                   (kFarBetterRatio - 1) * milliseconds(link.rtt);
        case Hold::strict:
            break;
    }
    return kStrictHoldMs;
}

Cost to_cost(double ms) noexcept {
    const double us = std::round(ms * 1'000);
    return static_cast<Cost>(std::clamp(us, double{kLeastCost}, double{kWorstCost}));
}

std::optional<double> price_of(const RoutingPolicy& policy, const FleetNode& node) noexcept {
    if (const auto own = policy.node_prices.find(std::string_view{node.name}); own != policy.node_prices.end()) {
        return own->second;
    }
    const auto regional = policy.region_prices.find(std::string_view{node.region});
    return regional == policy.region_prices.end() ? std::nullopt : std::optional{regional->second};
}

}  // namespace

CostTerms link_cost(const RoutingPolicy& policy, const LinkTerms& link) noexcept {
    CostTerms terms;
    terms.delay_ms = milliseconds(link.rtt);
    if (policy.rule != CostRule::rtt) {
        // Each try fails with probability p, so a packet needs p/(1-p) retransmissions on average.
        const double p = std::clamp(link.loss, 0.0, kWorstLoss);
        terms.loss_ms = p / (1 - p) * milliseconds(policy.loss_delay);
    }
    if (policy.rule == CostRule::lyapunov) {
        terms.delay_ms *= policy.delay_weight;
        terms.loss_ms *= policy.delay_weight;
        if (link.far_node != nullptr) {
            const NodeLoad& far = *link.far_node;
            terms.load_ms = policy.mean_weight * far.mean_queue + policy.variance_weight * far.variance_queue;
        }
    }
    terms.hold_ms = hold_ms(policy, link);
    terms.total = to_cost(terms.delay_ms + terms.loss_ms + terms.load_ms + terms.hold_ms);
    return terms;
}

bool may_carry(const RoutingPolicy& policy, const FleetNode& node) noexcept {
    // As it is asked for every node in every plan, names are not even measured where no list has any.
    const auto lists = [](const std::vector<std::string>& names, const char* name) {
        return std::ranges::any_of(names, [&](const std::string& listed) { return listed == name; });
    };
    return !lists(policy.forbidden_nodes, node.name) && !lists(policy.forbidden_regions, node.region);
}

bool may_relay(const RoutingPolicy& policy, const FleetNode& node, const NodeLoad* load) noexcept {
    const double price = price_of(policy, node).value_or(load == nullptr ? 0 : load->price);
    return may_carry(policy, node) && price <= policy.caps.price;
}

double used_of_caps(const RelayCaps& caps, const NodeLoad& load) noexcept {
    constexpr double kLeastCap = 1e-3;  // percent: of a cap of 0 any use is too much
    const double bandwidth_percent = percent_of_capacity(load.used, load.capacity);
    return std::max(load.cpu_percent / std::max(caps.cpu_percent, kLeastCap),
                    bandwidth_percent / std::max(caps.bandwidth_percent, kLeastCap));
}

PolicyIndex RoutingPolicies::index_of(std::string_view service) const {
    const auto listed = of_service.find(service);
    return listed == of_service.end() ? kDefaultPolicy : listed->second;
}

std::string_view name_of(CostRule rule) noexcept {
    switch (rule) {
        case CostRule::rtt:
            return "rtt";
        case CostRule::rtt_loss:
            return "rtt-loss";
        case CostRule::lyapunov:
            return "lyapunov";
    }
    return "unknown";
}

}  // namespace izar
