// link_features_test.cc -- From features through bytes to what a receiver reads, over drifting series.
#include "sched/summary/link_features.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "sched/min_plus.h"
#include "sched/summary/codec.h"

namespace izar {
namespace {

constexpr std::size_t kColumns = 4;  // RTT, loss, variation, bandwidth

float cost_of(std::span<const float> columns) {
    return columns[0] + 2.0F * columns[1];
}

// Links between two regions are alike, but for some, and for those that are not there.
class World {
  public:
    World(std::size_t nodes, std::vector<float> eps, std::uint32_t seed) : random_(seed) {
        links_.nodes = nodes;
        links_.eps = std::move(eps);
        links_.values.assign(nodes * nodes * kColumns, kUnknownRtt);
        links_.cost = cost_of;
        for (std::size_t from = 0; from < nodes; ++from)
            for (std::size_t to = 0; to < nodes; ++to)
                if (from != to)
                    measure(from, to);
    }
    void drift() {
        for (std::size_t from = 0; from < links_.nodes; ++from)
            for (std::size_t to = 0; to < links_.nodes; ++to)
                if (from != to && random_() % 3 == 0)
                    measure(from, to);
    }
    const LinkFeatures& links() const { return links_; }

  private:
    void measure(std::size_t from, std::size_t to) {
        float* const columns = &links_.values[(from * links_.nodes + to) * kColumns];
        if (random_() % 12 == 0) {
            std::fill_n(columns, kColumns, kUnknownRtt);
            return;
        }
        const bool alone = random_() % 8 == 0;
        for (std::size_t column = 0; column < kColumns; ++column) {
            const auto usual = static_cast<float>(1 + 10 * (from % 3) + 7 * (to % 3) + 3 * column);
            columns[column] = alone ? static_cast<float>(random_() % 900) / 10 + 0.5F
                                    : usual * (1 + static_cast<float>(random_() % 100) / 2000);
            columns[column] = random_() % 40 == 0 && column > 0 ? 0.0F : columns[column];
        }
    }

    std::mt19937 random_;
    LinkFeatures links_;
};

// What was measured of a link, against what the receiver reads.
void expect_bounds(const LinkFeatures& links, const MeshSummary& summary, bool all) {
    for (std::size_t column = 0; column < kColumns; ++column) {
        const RttMatrix read = summary.believed_links(column);
        for (std::size_t from = 0; from < links.nodes; ++from)
            for (std::size_t to = 0; to < links.nodes; ++to) {
                if (from == to)
                    continue;
                const float value = links.of(from, to)[column];
                const float held = read.at(from, to);
                if (held == kUnknownRtt) {
                    RC_ASSERT(!all || value == kUnknownRtt);
                    continue;
                }
                RC_ASSERT(value <= held);
                RC_ASSERT(held <= value * (1 + links.eps[column]) * (1 + 1e-6F));
            }
    }
}

RttMatrix costs(std::size_t nodes, auto columns_of) {
    RttMatrix result(nodes);
    for (std::size_t from = 0; from < nodes; ++from)
        for (std::size_t to = 0; to < nodes; ++to)
            if (from != to) {
                const std::array<float, kColumns> columns = columns_of(from, to);
                result.set(from, to, columns[0] == kUnknownRtt ? kUnknownRtt : cost_of(columns));
            }
    return result;
}

// Paths over own links as they are and the others as they are read, against the best ones over all.
void expect_paths(const LinkFeatures& links, const MeshSummary& summary, float eps) {
    const RttMatrix direct = costs(links.nodes, [&](auto from, auto to) {
        std::array<float, kColumns> columns;
        std::ranges::copy(links.of(from, to), columns.begin());
        return columns;
    });
    std::vector<RttMatrix> read;
    for (std::size_t column = 0; column < kColumns; ++column)
        read.push_back(summary.believed_links(column));
    const RttMatrix believed = costs(links.nodes, [&](auto from, auto to) {
        return std::array{read[0].at(from, to), read[1].at(from, to), read[2].at(from, to), read[3].at(from, to)};
    });
    const RttMatrix best = best_paths(direct, 2, MinPlusKernel::scalar);
    RttMatrix chosen = direct;
    relax_through(chosen, direct, believed, MinPlusKernel::scalar);
    RttMatrix two = chosen;
    relax_through(two, chosen, believed, MinPlusKernel::scalar);
    for (std::size_t from = 0; from < links.nodes; ++from)
        for (std::size_t to = 0; to < links.nodes; ++to)
            if (from != to && best.at(from, to) != kUnknownRtt)
                RC_ASSERT(two.at(from, to) <= best.at(from, to) * (1 + eps) * (1 + 1e-5F));
}

RC_GTEST_PROP(SummarizeFeatures, NoFeatureIsEverReadBeyondItsBound, (std::uint32_t seed)) {
    SummaryRule rule;
    rule.kind = static_cast<SummaryKind>(*rc::gen::inRange(0, 3));
    rule.eps = static_cast<float>(*rc::gen::inRange(10, 200)) / 1000;
    const auto nodes = *rc::gen::inRange<std::size_t>(2, 24);
    const bool regional = *rc::gen::arbitrary<bool>();
    for (std::size_t node = 0; regional && node < nodes; ++node)
        rule.region_of.push_back(static_cast<std::uint8_t>(node % 3));
    const float least = std::max(rule.eps / 2, kLeastFeatureEps);
    World world(nodes, {least, least, 0.25F, 0.5F}, seed);
    MeshSummary base = summarize_features(world.links(), rule);
    const auto first = decode_summary(encode_full(base), nullptr);
    RC_ASSERT(first.has_value() && *first == base);
    for (std::uint32_t slice = 1; slice < 6; ++slice) {
        expect_bounds(world.links(), base, rule.kind == SummaryKind::knn);
        expect_paths(world.links(), base, rule.eps);
        world.drift();
        auto next = summarize_features(world.links(), rule, &base);
        next.generation = slice;
        const auto change = encode_delta(base, next);
        RC_ASSERT(change.has_value());
        auto decoded = decode_summary(*change, &base);
        RC_ASSERT(decoded.has_value() && *decoded == next);
        base = std::move(*decoded);
    }
}

// Links that are alike cost next to nothing, and what moves within its bound costs nothing.
TEST(SummarizeFeatures, AlikeLinksAreSpokenForAndRestIsFree) {
    LinkFeatures links;
    links.nodes = 30;
    links.eps = {0.05F, 0.05F, 0.25F};
    links.cost = [](std::span<const float> columns) { return columns[0]; };
    const auto fill = [&](float factor) {
        links.values.clear();
        for (std::size_t link = 0; link < links.nodes * links.nodes; ++link)
            for (const float value : {40.0F, 1.0F, 3.0F})
                links.values.push_back(value * (factor + static_cast<float>(link % 7) / 1000));
    };
    fill(1);
    SummaryRule rule{.kind = SummaryKind::knn, .eps = 0.05F, .region_of = std::vector<std::uint8_t>(30, 0)};
    const auto base = summarize_features(links, rule);
    EXPECT_TRUE(base.links.items.empty());
    fill(1.005F);
    EXPECT_EQ(summarize_features(links, rule, &base), base);
    links.values[(3 * links.nodes + 4) * 3 + 1] = 20;  // one link loses packets
    const auto lossy = summarize_features(links, rule, &base);
    ASSERT_EQ(lossy.links.items.size(), 1U);
    EXPECT_EQ(lossy.links.items[0].at, (LinkIndex{3, 4}));
    EXPECT_NEAR(lossy.believed_links(1).at(3, 4), 20, 1.01);
}

}  // namespace
}  // namespace izar
