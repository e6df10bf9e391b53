// summarize_test.cc -- From a matrix through bytes to choices: the bound holds, alone and over a drifting series.
#include "sched/summary/summarize.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "sched/min_plus.h"
#include "sched/summary/codec.h"

namespace izar {
namespace {

// Nodes on a plane in a few islands, with detours: what meshes look like.
RttMatrix island_mesh(std::size_t nodes, bool symmetric, std::mt19937& random) {
    std::uniform_real_distribution<float> place(0.0F, 1.0F);
    std::lognormal_distribution<float> detour(0.0F, 0.5F);
    std::vector<std::pair<float, float>> at(nodes);
    for (std::size_t node = 0; node < nodes; ++node)
        at[node] = {static_cast<float>(node % 4) * 40 + place(random), static_cast<float>(node % 3) * 30};
    RttMatrix matrix(nodes);
    for (std::size_t from = 0; from < nodes; ++from)
        for (std::size_t to = 0; to < nodes; ++to)
            if (from != to) {
                const float rtt = (1 + std::hypot(at[from].first - at[to].first, at[from].second - at[to].second)) *
                                  (1 + detour(random) * (random() % 3 == 0 ? 1.0F : 0.01F));
                matrix.set(from, to,
                           symmetric && to < from ? matrix.at(to, from) : (random() % 50 == 0 ? kUnknownRtt : rtt));
            }
    return matrix;
}

// What `from` pays for the path to `to` that it chooses by what it believes.
float cost_of_choice(const RttMatrix& direct, const RttMatrix& believed, std::size_t from, std::size_t to) {
    float least = direct.at(from, to);
    float cost = least;
    const auto consider = [&](float as_believed, float as_is) {
        if (as_believed < least) {
            least = as_believed;
            cost = as_is;
        }
    };
    for (std::size_t b = 0; b < direct.nodes(); ++b) {
        if (b == from || b == to)
            continue;
        consider(direct.at(from, b) + believed.at(b, to), direct.at(from, b) + direct.at(b, to));
        for (std::size_t a = 0; a < direct.nodes(); ++a)
            if (a != from && a != to && a != b)
                consider(direct.at(from, a) + believed.at(a, b) + believed.at(b, to),
                         direct.at(from, a) + direct.at(a, b) + direct.at(b, to));
    }
    return cost;
}

void expect_bound(const RttMatrix& direct, const MeshSummary& summary, float eps) {
    const auto believed = summary.believed_links();
    const auto best = best_paths(direct, 2, MinPlusKernel::scalar);
    const float bound = (1 + eps) * (1 + 1e-5F);
    for (std::size_t from = 0; from < direct.nodes(); ++from)
        for (std::size_t to = 0; to < direct.nodes(); ++to) {
            RC_ASSERT(believed.at(from, to) >= direct.at(from, to));
            if (from != to && best.at(from, to) != kUnknownRtt)
                RC_ASSERT(cost_of_choice(direct, believed, from, to) <= best.at(from, to) * bound);
        }
}

RC_GTEST_PROP(SummarizeLinks, ChoicesFromDecodedBytesKeepTheBoundOverASeries, (std::uint32_t seed)) {
    std::mt19937 random(seed);
    SummaryRule rule;
    rule.kind = static_cast<SummaryKind>(*rc::gen::inRange(0, 3));
    rule.eps = static_cast<float>(*rc::gen::inRange(5, 200)) / 1000;
    const auto nodes = *rc::gen::inRange<std::size_t>(2, 16);
    const auto symmetric = *rc::gen::arbitrary<bool>();
    auto direct = island_mesh(nodes, symmetric, random);
    MeshSummary base = summarize_links(direct, rule);
    expect_bound(direct, base, rule.eps);
    for (int slice = 1; slice < 5; ++slice) {
        for (std::size_t from = 0; from < nodes; ++from)
            for (std::size_t to = 0; to < nodes; ++to)
                if (from != to && (!symmetric || from < to) && random() % 3 == 0) {
                    const float moved =
                        random() % 20 == 0 ? kUnknownRtt : 1 + static_cast<float>(random() % 10000) / 100;
                    direct.set(from, to, moved);
                    if (symmetric)
                        direct.set(to, from, moved);
                }
        auto next = summarize_links(direct, rule, &base);
        next.generation = static_cast<std::uint32_t>(slice);
        // A small mesh may become symmetric by chance, and no change leads to that.
        const auto delta = encode_delta(base, next);
        RC_ASSERT(delta.has_value() == (next.symmetric == base.symmetric));
        auto decoded = delta ? decode_summary(*delta, &base) : decode_summary(encode_full(next), nullptr);
        RC_ASSERT(decoded.has_value());
        RC_ASSERT(*decoded == next);
        expect_bound(direct, *decoded, rule.eps);
        base = std::move(*decoded);
    }
}

TEST(SummarizeLinks, ABaseOfAnotherRuleIsNotUsed) {
    std::mt19937 random(2);
    const auto direct = island_mesh(20, true, random);
    const SummaryRule rule{.kind = SummaryKind::pruned, .eps = 0.02F};
    const auto alone = summarize_links(direct, rule);
    const auto coarse = summarize_links(direct, {.kind = SummaryKind::pruned, .eps = 0.2F});
    const auto knn = summarize_links(direct, {.kind = SummaryKind::knn, .eps = 0.02F});
    EXPECT_EQ(summarize_links(direct, rule, &coarse), alone);
    EXPECT_EQ(summarize_links(direct, rule, &knn), alone);
    EXPECT_EQ(summarize_links(direct, rule, &alone), alone);
    EXPECT_LT(encode_delta(alone, summarize_links(direct, rule, &alone))->size(), kSummaryHeaderBytes + 12);
}

RC_GTEST_PROP(SummarizeNodes, FeaturesReadBackWithinTheBound, (std::uint32_t seed)) {
    std::mt19937 random(seed);
    MeshSummary summary;
    summary.nodes = static_cast<std::uint16_t>(*rc::gen::inRange(1, 120));
    summary.links.fraction_bits = {6};
    NodeFeatures nodes{3, {}, {}};
    std::normal_distribution<float> cpu(30.0F, 1.0F);
    for (std::size_t node = 0; node < summary.nodes; ++node) {
        nodes.class_of.push_back(static_cast<std::uint8_t>(random() % 3));
        for (int feature = 0; feature < 3; ++feature)
            nodes.values.push_back(random() % 10 == 0 ? static_cast<float>(random() % 100) : std::abs(cpu(random)));
    }
    constexpr float kEps = 0.1F;
    summarize_nodes(summary, nodes, {.neighbours = 4, .mads = 3.5F, .eps = kEps});
    const auto decoded = decode_summary(encode_full(summary), nullptr);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(*decoded == summary);
    const Quantizer quantizer(summary.node_items.fraction_bits[0]);
    auto item = decoded->node_items.items.begin();
    for (std::size_t node = 0; node < summary.nodes; ++node) {
        const bool listed = item != decoded->node_items.items.end() && item->at.to == node;
        for (std::size_t feature = 0; feature < 3; ++feature) {
            const Code code =
                listed ? item->codes[feature] : decoded->node_items.group_code(decoded->class_of[node], feature);
            const float value = std::max(nodes.values[node * 3 + feature], 0.0F);
            RC_ASSERT(quantizer.decode(code) >= value);
            RC_ASSERT(quantizer.decode(code) <= value * (1 + kEps) * (1 + 1e-6F));
        }
        if (listed)
            ++item;
    }
}

// Receivers of changes believe the same within the bound as receivers of whole tables, and rest costs nothing.
RC_GTEST_PROP(SummarizeNodes, AChangeHoldsTheBoundToo, (std::uint32_t seed)) {
    std::mt19937 random(seed);
    constexpr std::uint16_t kNodes = 60;
    constexpr PartitionRule kRule{.neighbours = 4, .mads = 3.5F, .eps = 0.05F};
    MeshSummary base;
    base.nodes = kNodes;
    base.links.fraction_bits = {6};
    NodeFeatures nodes{2, {}, {}};
    for (int i = 0; i < 2 * kNodes; ++i) {
        nodes.values.push_back(30.0F + static_cast<float>(random() % 5));
    }
    summarize_nodes(base, nodes, kRule);
    MeshSummary rest = base;
    summarize_nodes(rest, nodes, kRule, &base);
    RC_ASSERT(rest == base);
    for (int change = 0; change < 6; ++change) {
        nodes.values[random() % nodes.values.size()] =
            random() % 4 == 0 ? kUnknownRtt : static_cast<float>(random() % 90);
    }
    MeshSummary next = base;
    summarize_nodes(next, nodes, kRule, &base);
    const Quantizer quantizer(next.node_items.fraction_bits[0]);
    auto item = next.node_items.items.begin();
    for (std::size_t node = 0; node < kNodes; ++node) {
        const bool listed = item != next.node_items.items.end() && item->at.to == node;
        for (std::size_t feature = 0; feature < 2; ++feature) {
            const float held = quantizer.decode(listed ? item->codes[feature] : next.node_items.group_code(0, feature));
            const float value = nodes.values[node * 2 + feature];
            RC_ASSERT(held == value || (value <= held && held <= value * (1 + kRule.eps) * (1 + 1e-6F)));
        }
        item += listed ? 1 : 0;
    }
}

}  // namespace
}  // namespace izar
