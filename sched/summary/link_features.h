// link_features.h -- From a mesh measured in several features a link (RTT, loss, variation...) to its summary.
//
// summarize.h does the same for one value a link, and has the bound on paths; here every feature has a bound of its own
// besides, so that a receiver can price links by a policy that the sender does not know.
//
// Thread: pure functions of their arguments.
// Bounds: a decoded value v of a true value t is within t <= v <= t * (1 + eps) for the eps of its column, in every
//         summary and change. With the pruned kinds, every path that a receiver chooses by `cost` over what it
//         decodes costs at most (1 + rule.eps) times the best one, where the columns' eps allow that.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "sched/summary/summarize.h"

namespace izar {

inline constexpr float kLeastFeatureEps = 1.0F / 512;  // what the finest quantizer can tell apart, and some room

struct LinkFeatures {
    std::size_t nodes = 0;
    std::vector<float> eps;     // by column, 1 to kMaxColumns, each at least kLeastFeatureEps
    std::vector<float> values;  // [from][to][column], 0 or >= Quantizer::kLeast; all kUnknownRtt: no such link is known
    // What a link of these values costs, for choosing which links are needed. Never less for a greater value.
    std::function<float(std::span<const float> columns)> cost;

    std::span<const float> of(std::size_t from, std::size_t to) const {
        return std::span(values).subspan((from * nodes + to) * eps.size(), eps.size());
    }
};

// As summarize_links, never symmetric. Regions that the rule does not give are found by column 0.
MeshSummary summarize_features(const LinkFeatures& links, const SummaryRule& rule, const MeshSummary* base = nullptr);

}  // namespace izar
