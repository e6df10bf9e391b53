// path_choice_test.cc -- Choices against enumeration of all paths.
#include "tools/replay/path_choice.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <random>

#include "sched/path_search.h"

namespace izar {
namespace {

RC_GTEST_PROP(ChoosePaths, NoPathIsBetterAndEachCostsWhatItSays, (std::uint32_t seed)) {
    std::mt19937 random(seed);
    const auto nodes = *rc::gen::inRange<std::size_t>(2, 14);
    const auto most = *rc::gen::inRange(0, 3);
    RttMatrix own(nodes);
    RttMatrix others(nodes);
    for (std::size_t from = 0; from < nodes; ++from)
        for (std::size_t to = 0; to < nodes; ++to)
            if (from != to) {
                own.set(from, to, random() % 9 == 0 ? kUnknownRtt : 1 + static_cast<float>(random() % 1000));
                others.set(from, to, random() % 2 == 0 ? kUnknownRtt : own.at(from, to));
            }
    const auto chosen = choose_paths(own, others, most);
    for (std::uint16_t from = 0; from < nodes; ++from)
        for (std::uint16_t to = 0; to < nodes; ++to) {
            if (from == to)
                continue;
            float least = own.at(from, to);
            for (std::uint16_t a = 0; a < nodes && most > 0; ++a) {
                if (a == from || a == to)
                    continue;
                least = std::min(least, path_cost(own, others, from, to, {a, kNoRelay}));
                for (std::uint16_t b = 0; b < nodes && most > 1; ++b)
                    if (b != from && b != to && b != a)
                        least = std::min(least, path_cost(own, others, from, to, {a, b}));
            }
            const auto& relays = chosen.relays[from * nodes + to];
            const float cost = path_cost(own, others, from, to, relays);
            RC_ASSERT(relays.first != from && relays.first != to && relays.second != from && relays.second != to);
            RC_ASSERT(cost == least || std::abs(cost - least) <= least * 1e-6F);
            RC_ASSERT(chosen.cost.at(from, to) == least || std::abs(cost - least) <= least * 1e-6F);
        }
}

// A replay and the scheduler thread must choose alike: the same least costs, and paths that cost them. Whole
// milliseconds are exact in both, as float and as microseconds.
RC_GTEST_PROP(ChoosePaths, ChoosesAsTheSchedulerThreadDoes, (std::uint32_t seed)) {
    std::mt19937 random(seed);
    const auto nodes = *rc::gen::inRange<std::size_t>(2, 14);
    RttMatrix links(nodes);
    CostMatrix costs(nodes);
    for (std::uint16_t from = 0; from < nodes; ++from)
        for (std::uint16_t to = 0; to < nodes; ++to)
            if (from != to && random() % 5 != 0) {
                const auto ms = static_cast<Cost>(1 + random() % 600);
                links.set(from, to, static_cast<float>(ms));
                costs.set(NodeSlot{from}, NodeSlot{to}, ms * 1000);
            }
    const auto chosen = choose_paths(links, links, 2);
    const auto slot_of = [](std::uint16_t relay) { return relay == kNoRelay ? kNoSlot : NodeSlot{relay}; };
    for (std::uint16_t from = 0; from < nodes; ++from) {
        const PathSearch search(costs, NodeSlot{from});
        for (std::uint16_t to = 0; to < nodes; ++to) {
            if (from == to)
                continue;
            const RelayPath best = search.best(NodeSlot{to});
            const float ms = chosen.cost.at(from, to);
            RC_ASSERT(best.exists() == (ms != kUnknownRtt));
            if (!best.exists())
                continue;
            RC_ASSERT(static_cast<float>(best.cost) == ms * 1000);
            const RelayChoice& relays = chosen.relays[from * nodes + to];
            const RelayPath path{.relay = {slot_of(relays.first), slot_of(relays.second)}};
            RC_ASSERT(search.cost(NodeSlot{to}, path) == best.cost);
        }
    }
}

}  // namespace
}  // namespace izar
