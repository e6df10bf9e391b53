// graphs.h -- Random link costs for property tests, and path search by trying everything.
#pragma once

#include <rapidcheck.h>

#include <algorithm>
#include <vector>

#include "sched/cost_matrix.h"
#include "sched/path_search.h"
#include "sched/testing/test_node.h"

namespace izar {

// Costs of 1..most, or unknown for about one link in `gaps` (0: none is).
inline CostMatrix random_costs(std::size_t nodes, Cost most, unsigned gaps) {
    CostMatrix costs{nodes};
    for (std::size_t from = 0; from < nodes; ++from) {
        for (std::size_t to = 0; to < nodes; ++to) {
            const bool missing = from == to || (gaps > 0 && *rc::gen::inRange(0u, gaps) == 0);
            if (!missing) {
                costs.set(slot_at(from), slot_at(to), *rc::gen::inRange<Cost>(1, most + 1));
            }
        }
    }
    return costs;
}

// Every loopless path of at most two relays that exists, cheapest first.
inline std::vector<RelayPath> all_paths(const CostMatrix& costs, NodeSlot self, NodeSlot to,
                                        const std::vector<bool>& may_relay) {
    std::vector<RelayPath> paths;
    const auto add = [&](std::array<NodeSlot, 2> relay, Cost cost) {
        if (cost < kUnknownCost) {
            paths.push_back({relay, cost});
        }
    };
    const auto link = [&](NodeSlot from, NodeSlot next) { return costs.at(from, next); };
    add({kNoSlot, kNoSlot}, link(self, to));
    for (std::size_t i = 0; i < costs.nodes(); ++i) {
        const NodeSlot m = slot_at(i);
        if (m == self || m == to || !may_relay[i]) {
            continue;
        }
        add({m, kNoSlot}, add_costs(link(self, m), link(m, to)));
        for (std::size_t j = 0; j < costs.nodes(); ++j) {
            const NodeSlot k = slot_at(j);
            if (k != self && k != to && k != m && may_relay[j]) {
                add({m, k}, add_costs(add_costs(link(self, m), link(m, k)), link(k, to)));
            }
        }
    }
    std::ranges::stable_sort(paths, {}, &RelayPath::cost);
    return paths;
}

}  // namespace izar
