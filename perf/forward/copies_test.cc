#include "perf/forward/copies.h"

#include <gtest/gtest.h>

#include <map>

namespace izar {
namespace {

TEST(Copies, EachComesTwiceSomeTimeApart) {
    Copies copies;
    std::map<std::uint64_t, std::pair<std::uint32_t, std::uint32_t>> first;  // number -> when, flow
    std::uint32_t twice = 0;
    for (std::uint32_t when = 0; when < 10 * kMaxBurst; ++when) {
        const auto [flow, number] = copies.next(when);
        const auto [seen, is_first] = first.emplace(number, std::pair{when, flow});
        if (!is_first) {
            EXPECT_EQ(when - seen->second.first, kMaxBurst);
            EXPECT_EQ(flow, seen->second.second);
            ++twice;
        }
    }
    EXPECT_EQ(twice, 5 * kMaxBurst);
    EXPECT_EQ(first.size(), 5 * kMaxBurst);
}

TEST(Copies, OneThatComesAloneHasANumberOfItsOwn) {
    Copies copies;
    const auto before = copies.next(1);
    const auto alone = copies.next_alone(2);
    const auto behind = copies.next(3);
    EXPECT_EQ(alone.flow, 2U);
    EXPECT_NE(alone.number, before.number);
    EXPECT_NE(alone.number, behind.number);
}

}  // namespace
}  // namespace izar
