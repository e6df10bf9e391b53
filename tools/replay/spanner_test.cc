// spanner_test.cc -- What is left out is within the bound over what is kept; what is kept is not.
#include "tools/replay/spanner.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>

#include "sched/min_plus.h"

namespace izar {
namespace {

RC_GTEST_PROP(Spanner, EveryLinkIsWithinTheBound, (std::uint32_t seed)) {
    std::mt19937 random(seed);
    const auto nodes = *rc::gen::inRange<std::size_t>(2, 20);
    const auto symmetric = *rc::gen::arbitrary<bool>();
    RttMatrix direct(nodes);
    for (std::size_t from = 0; from < nodes; ++from)
        for (std::size_t to = 0; to < nodes; ++to)
            if (from != to)
                direct.set(from, to,
                           symmetric && to < from ? direct.at(to, from) : 1 + static_cast<float>(random() % 500));
    const auto kept = spanner_links(direct, 0.1F);
    RttMatrix seen(nodes);
    for (const auto link : kept) {
        seen.set(link.from, link.to, direct.at(link.from, link.to));
        if (symmetric)
            seen.set(link.to, link.from, direct.at(link.from, link.to));
    }
    const auto best = best_paths(seen, 2);
    for (std::size_t from = 0; from < nodes; ++from)
        for (std::size_t to = 0; to < nodes; ++to)
            RC_ASSERT(best.at(from, to) <= direct.at(from, to) * 1.1F * (1 + 1e-6F));
}

TEST(Spanner, LeavesOutWhatTwoLinksReplace) {
    RttMatrix direct(3);
    for (std::size_t from = 0; from < 3; ++from)
        for (std::size_t to = 0; to < 3; ++to)
            if (from != to)
                direct.set(from, to, from + to == 2 ? 20.0F : 10.0F);  // 0 and 2 are far apart
    EXPECT_EQ(spanner_links(direct, 0.0F), (std::vector<LinkIndex>{{0, 1}, {1, 2}}));
}

}  // namespace
}  // namespace izar
