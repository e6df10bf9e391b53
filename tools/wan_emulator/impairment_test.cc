#include "tools/wan_emulator/impairment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace izar::wan {
namespace {

constexpr std::uint64_t kPackets = 100'000;

LinkIdentity link_of(std::uint64_t seed, std::uint16_t source, std::uint16_t destination) {
    return {seed, WanPort{source}, WanPort{destination}};
}

std::vector<bool> losses(const LinkIdentity& link, const LinkProfile& profile) {
    std::vector<bool> lost;
    for (std::uint64_t n = 0; n < kPackets; ++n) {
        lost.push_back(fate_of(link, n, profile).lost);
    }
    return lost;
}

double share_of_agreement(const std::vector<bool>& a, const std::vector<bool>& b) {
    std::size_t both = 0;
    std::size_t first = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        both += a[i] && b[i];
        first += a[i];
    }
    return static_cast<double>(both) / static_cast<double>(first);
}

TEST(Impairment, SameSeedSameFates) {
    const LinkProfile profile{.loss = 0.03, .duplicate = 0.01, .reorder = 0.02};
    for (std::uint64_t n = 0; n < 1000; ++n) {
        EXPECT_EQ(fate_of(link_of(7, 1, 2), n, profile), fate_of(link_of(7, 1, 2), n, profile));
    }
    // Written down once: a change of the generator would break every recorded run.
    std::vector<std::uint64_t> first_lost;
    for (std::uint64_t n = 0; first_lost.size() < 4; ++n) {
        if (fate_of(link_of(7, 1, 2), n, profile).lost) {
            first_lost.push_back(n);
        }
    }
    EXPECT_EQ(first_lost, (std::vector<std::uint64_t>{11, 23, 62, 88}));
}

TEST(Impairment, SharesAreAsAsked) {
    const LinkProfile profile{.loss = 0.02, .duplicate = 0.05, .reorder = 0.10};
    double lost = 0;
    double duplicated = 0;
    double reordered = 0;
    double jitter = 0;
    double jitter_square = 0;
    for (std::uint64_t n = 0; n < kPackets; ++n) {
        const Fate fate = fate_of(link_of(1, 0, 3), n, profile);
        lost += fate.lost;
        duplicated += fate.duplicated;
        reordered += fate.reordered;
        jitter += fate.jitter;
        jitter_square += fate.jitter * fate.jitter;
        ASSERT_LE(std::abs(fate.jitter), 1);
    }
    // Six standard deviations of a binomial count at 100,000 draws.
    EXPECT_NEAR(lost / kPackets, 0.02, 6 * std::sqrt(0.02 * 0.98 / kPackets));
    EXPECT_NEAR(duplicated / kPackets, 0.05, 6 * std::sqrt(0.05 * 0.95 / kPackets));
    EXPECT_NEAR(reordered / kPackets, 0.10, 6 * std::sqrt(0.10 * 0.90 / kPackets));
    EXPECT_NEAR(jitter / kPackets, 0, 0.02);
    EXPECT_NEAR(jitter_square / kPackets, 1.0 / 3, 0.02);
}

TEST(Impairment, LinksDirectionsAndSeedsAreIndependent) {
    const LinkProfile profile{.loss = 0.05};
    const auto base = losses(link_of(1, 2, 3), profile);
    for (const auto& other : {link_of(1, 3, 2), link_of(1, 2, 4), link_of(2, 2, 3)}) {
        EXPECT_NEAR(share_of_agreement(base, losses(other, profile)), 0.05, 0.02);
    }
}

TEST(Impairment, MoreLossKeepsTheFormerLosses) {
    const auto few = losses(link_of(9, 0, 1), {.loss = 0.01});
    const auto many = losses(link_of(9, 0, 1), {.loss = 0.04});
    EXPECT_EQ(share_of_agreement(few, many), 1.0);
}

TEST(Impairment, ZeroAndOneAreExact) {
    for (std::uint64_t n = 0; n < kPackets; ++n) {
        const Fate none = fate_of(link_of(3, 0, 1), n, {});
        ASSERT_FALSE(none.lost || none.duplicated || none.reordered);
        ASSERT_TRUE(fate_of(link_of(3, 0, 1), n, {.loss = 1}).lost);
    }
}

}  // namespace
}  // namespace izar::wan
