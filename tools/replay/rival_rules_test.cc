#include "tools/replay/rival_rules.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

// Two nodes and a relay: the way over the relay costs 40 ms, the direct link what each slice says.
class Series {
  public:
    explicit Series(const std::vector<float>& direct_ms) {
        for (const float ms : direct_ms) {
            RttMatrix slice(3);
            slice.set(0, 1, ms);
            slice.set(0, 2, 20);
            slice.set(2, 1, 20);
            matrices_.push_back(slice);
        }
        for (const RttMatrix& matrix : matrices_)
            slices_.push_back(&matrix);
    }
    // Switches of the one pair that has two ways.
    int switches(const SwitchRule& rule) const {
        const double share = follow_rule(slices_, rule).switched;
        return static_cast<int>(share * 6 * static_cast<double>(slices_.size() - 1) + 0.5);
    }

  private:
    std::vector<RttMatrix> matrices_;
    std::vector<const RttMatrix*> slices_;
};

TEST(SwitchRules, AMarginIsReachedOrNot) {
    const Series series({20, 100, 20, 100});
    EXPECT_EQ(series.switches(margin_rule(60)), 1) << "back would gain 20";
    EXPECT_EQ(series.switches(margin_rule(61)), 0);
    EXPECT_EQ(series.switches(margin_rule(20)), 3);
}

TEST(SwitchRules, RegretAddsUpAndStartsAgain) {
    const Series series({20, 70, 70, 70, 10, 10, 10, 10});
    EXPECT_EQ(series.switches(regret_rule(91)), 0);
    EXPECT_EQ(series.switches(regret_rule(90)), 2) << "three times 30 there, three times 30 back";
    EXPECT_EQ(series.switches(regret_rule(30)), 2);
}

TEST(SwitchRules, NoiseKeepsAWildLinkAndLeavesACalmOne) {
    EXPECT_EQ(Series({20, 20, 20, 20, 100}).switches(noise_rule(1)), 1);
    EXPECT_EQ(Series({20, 20, 20, 20, 100}).switches(noise_rule(3)), 0) << "the jump itself is noise";
    EXPECT_EQ(Series({20, 100, 100, 100, 100, 100, 100, 100}).switches(noise_rule(3)), 1) << "it faded";
}

TEST(SwitchRules, SmoothingWaits) {
    EXPECT_EQ(Series({20, 110, 20, 110, 20}).switches(smooth_rule(0.5F)), 0);
    EXPECT_EQ(Series({20, 110, 110, 110, 110}).switches(smooth_rule(0.5F)), 1);
}

TEST(SwitchRules, AChargeTakesTheDirectLinkFirst) {
    EXPECT_EQ(Series({45, 45, 20}).switches(margin_rule(20)), 1) << "from the relay to the direct link";
    EXPECT_EQ(Series({45, 45, 20}).switches(charge_rule(20, 10)), 0) << "on the direct link from the start";
}

// The relay's row was measured just now, and ours will be soon. A direct link has our own row alone to change.
TEST(SwitchRules, FreshPathsAreThoseWithLessToChange) {
    EXPECT_EQ(Series({45, 45, 20}).switches(margin_rule(20)), 1);
    EXPECT_EQ(Series({45, 45, 20}).switches(fresh_rule(60)), 0) << "on the direct link from the start";
}

TEST(SwitchRules, APathThatIsGoneIsLeftAtOnce) {
    for (const SwitchRule& rule : {margin_rule(1000), regret_rule(1000), noise_rule(1000), smooth_rule(0.1F)})
        EXPECT_EQ(Series({20, kUnknownRtt, kUnknownRtt}).switches(rule), 1);
}

}  // namespace
}  // namespace izar
