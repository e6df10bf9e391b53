// policy.h -- RoutingPolicy: what makes a link costly, and which nodes may not carry or relay a service's flows.
//
// Thread: immutable values; the functions are pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/types.h"
#include "dataplane/tables/fleet.h"
#include "sched/bandwidth.h"
#include "sched/cost.h"
#include "sched/last_mile.h"

namespace izar {

enum class CostRule : std::uint8_t {
    rtt,       // smoothed RTT alone
    rtt_loss,  // and loss, as the delay that retransmissions are expected to add
    lyapunov,  // V*delay + Qm + Qv of the far node, and loss as above (docs/decisions/0023)
};

// State of a node, from the feed. Virtual queues advance once per round in the leading controller
// (virtual_queue.h) and travel with it, so that all nodes judge by the same ones.
struct NodeLoad {
    double cpu_percent = 0;       // mean of the last samples
    double cpu_variance = 0;      // of the same samples
    double mean_excess = 0;       // rank-normalised excess of the mean over its threshold, -1..1
    double variance_excess = 0;   // the same of the variance
    double mean_queue = 0;        // virtual queue of the mean, >= 0
    double variance_queue = 0;    // virtual queue of the variance, >= 0
    double price = 0;             // of relaying, in the operator's currency per GB, unless the policy sets one
    BitRate used = kNoRate;       // that goes out on all its links, mean of the last samples
    BitRate capacity = kNoRate;   // of the uplink that they share; kNoRate: not known
    double egress_percent = 100;  // of the configured weight at which it gets new flows as an egress (last_mile.h)
};

// What a node must not exceed to be used as a relay. A node of which nobody told it passes.
struct RelayCaps {
    double cpu_percent = 100;
    double price = 1e9;
    double bandwidth_percent = 1e9;             // used part of its uplink's capacity
    Nanos path_cost = std::chrono::seconds{2};  // a dearer path through relays is not taken

    bool operator==(const RelayCaps&) const = default;
};

struct SwitchMargins {
    Nanos absolute = std::chrono::milliseconds{5};
    double relative = 0.10;

    bool operator==(const SwitchMargins&) const = default;
};

// A path is far better than another if that one costs this many times as much, and this many absolute margins more.
// Then hold-downs count for a short time only.
inline constexpr double kFarBetterRatio = 1.5;
inline constexpr double kFarBetterMargins = 4;

// How strictly a link that came back from being down is held back.
enum class Hold : std::uint8_t {
    none,
    soft,    // used where it makes a path far better
    strict,  // used where nothing else is left
};

using PriceList = std::map<std::string, double, std::less<>>;  // by name, in the operator's currency per GB

struct RoutingPolicy {
    std::string name = "default";
    CostRule rule = CostRule::rtt_loss;
    Nanos loss_delay = std::chrono::seconds{1};  // what a lost packet costs: TCP's first timeout, RFC 6298 (2.1)
    double delay_weight = 1;                     // V, per millisecond
    double mean_weight = 1;                      // scales Qm, in milliseconds
    double variance_weight = 1;                  // scales Qv, in milliseconds
    SwitchMargins margins;
    RelayCaps caps;
    std::vector<std::string> forbidden_nodes;    // by name: neither relay nor egress; clients may still enter there
    std::vector<std::string> forbidden_regions;  // the same for every node in them
    PriceList node_prices;                       // of relaying; stands before the region's, both before NodeLoad's
    PriceList region_prices;
    bool spread = false;          // flows over near-equal paths instead of the best one
    double spread_margin = 0.05;  // a path this much worse than the best is near-equal

    bool operator==(const RoutingPolicy&) const = default;
};

// All policies in force, and which service follows which.
struct RoutingPolicies {
    std::vector<RoutingPolicy> list{RoutingPolicy{}};  // 1 to kMaxPolicies, by PolicyIndex
    std::map<std::string, PolicyIndex, std::less<>> of_service;
    LastMilePolicy last_mile;  // of every region's master

    const RoutingPolicy& at(PolicyIndex index) const { return list[raw(index)]; }
    // The policy that a service of this name follows: the default one if none lists it.
    PolicyIndex index_of(std::string_view service) const;

    bool operator==(const RoutingPolicies&) const = default;
};

// The measured terms of one link, as a cost needs them.
struct LinkTerms {
    Nanos rtt{};
    double loss = 0;                     // 0..1, of a round trip
    Hold hold = Hold::none;              // it came back lately and must prove itself
    const NodeLoad* far_node = nullptr;  // null: not known
};

// The cost with the terms that make it up, in milliseconds: what `izar path explain` prints.
struct CostTerms {
    double delay_ms = 0;
    double loss_ms = 0;
    double load_ms = 0;  // virtual queues
    double hold_ms = 0;  // added while the link is held down
    Cost total = kUnknownCost;
};

// Cost of a link that is up and measured: between kLeastCost and kWorstCost.
CostTerms link_cost(const RoutingPolicy& policy, const LinkTerms& link) noexcept;

// Whether the policy lets a node carry flows at all, as relay or egress.
bool may_carry(const RoutingPolicy& policy, const FleetNode& node) noexcept;

// Whether the policy lets a node relay as far as that does not depend on how much it is used: by name, region and
// price. `load` may be null.
bool may_relay(const RoutingPolicy& policy, const FleetNode& node, const NodeLoad* load) noexcept;

// Which part of its caps on CPU and bandwidth a node uses, the greater of both; more than 1 is too much (relay_gate.h).
double used_of_caps(const RelayCaps& caps, const NodeLoad& load) noexcept;

std::string_view name_of(CostRule rule) noexcept;

}  // namespace izar
