// path_choice_test.cc -- Choices against enumeration of all paths.
#include "tools/replay/path_choice.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <random>

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

}  // namespace
}  // namespace izar
