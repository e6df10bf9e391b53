// link_partition_test.cc -- The histogram's neighbours against sorting, and the bound of every link.
#include "sched/summary/link_partition.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>

namespace izar {
namespace {

// The rule over single items, each compared with all others.
std::vector<std::uint8_t> by_all_pairs(const std::vector<std::uint32_t>& counts, const PartitionRule& rule) {
    std::vector<std::uint32_t> items;
    for (std::uint32_t code = 1; code < counts.size(); ++code)
        items.insert(items.end(), counts[code], code);
    const auto median_of = [](std::vector<std::uint32_t> v) {
        std::sort(v.begin(), v.end());
        return v[v.size() / 2];
    };
    std::vector<std::uint32_t> distances;
    for (std::size_t i = 0; i < items.size(); ++i) {
        std::vector<std::uint32_t> others;
        for (std::size_t j = 0; j < items.size(); ++j)
            if (j != i)
                others.push_back(items[i] > items[j] ? items[i] - items[j] : items[j] - items[i]);
        std::sort(others.begin(), others.end());
        distances.push_back(others.empty() ? 0 : others[std::min(rule.neighbours, others.size()) - 1]);
    }
    std::vector<std::uint8_t> singular(counts.size(), 0);
    singular[kUnknownCode] = 1;
    if (items.empty())
        return singular;
    const auto median = median_of(distances);
    std::vector<std::uint32_t> deviations;
    for (const auto d : distances)
        deviations.push_back(d > median ? d - median : median - d);
    const float limit =
        static_cast<float>(median) + rule.mads * static_cast<float>(std::max(median_of(deviations), 1U));
    for (std::size_t i = 0; i < items.size(); ++i)
        if (static_cast<float>(distances[i]) > limit)
            singular[items[i]] = 1;
    return singular;
}

RC_GTEST_PROP(PartitionCounts, AgreesWithAllPairs, (std::uint32_t seed)) {
    std::mt19937 random(seed);
    std::vector<std::uint32_t> counts(1 + *rc::gen::inRange<std::size_t>(1, 200));
    const auto items = *rc::gen::inRange(0, 100);
    for (int i = 0; i < items; ++i)
        ++counts[random() % counts.size()];
    const PartitionRule rule{.neighbours = 1 + random() % 6, .mads = static_cast<float>(random() % 6), .eps = 0.02F};
    RC_ASSERT(partition_counts(counts, rule).singular == by_all_pairs(counts, rule));
}

RC_GTEST_PROP(PartitionLinks, EveryLinkReadsBackWithinTheBound, (std::uint32_t seed)) {
    std::mt19937 random(seed);
    MeshSummary summary;
    summary.nodes = static_cast<std::uint16_t>(*rc::gen::inRange(1, 40));
    summary.symmetric = *rc::gen::arbitrary<bool>();
    if (*rc::gen::arbitrary<bool>())
        for (std::size_t node = 0; node < summary.nodes; ++node)
            summary.region_of.push_back(static_cast<std::uint8_t>(random() % 4));
    const float eps = static_cast<float>(*rc::gen::inRange(1, 200)) / 1000;
    const Quantizer quantizer = Quantizer::within(eps);
    summary.links.fraction_bits = {static_cast<std::uint8_t>(quantizer.fraction_bits())};
    std::lognormal_distribution<float> noise(0.0F, 0.05F);
    RttMatrix matrix(summary.nodes);
    for (std::size_t from = 0; from < matrix.nodes(); ++from)
        for (std::size_t to = 0; to < matrix.nodes(); ++to)
            if (from != to)
                matrix.set(from, to,
                           summary.symmetric && to < from ? matrix.at(to, from)
                                                          : (random() % 20 == 0 ? kUnknownRtt : 40.0F * noise(random)));
    const auto source = [&](std::size_t from, std::span<float> row) {
        std::copy_n(matrix.row(from), row.size(), row.begin());
    };
    partition_links(summary, source, {.neighbours = 3, .mads = 3.0F, .eps = eps});
    RC_ASSERT(std::is_sorted(summary.links.items.begin(), summary.links.items.end(),
                             [](auto& a, auto& b) { return a.at < b.at; }));
    const auto believed = summary.believed_links();
    const float bound = (1 + std::max(eps, quantizer.relative_error())) * (1 + 1e-6F);
    for (std::size_t from = 0; from < matrix.nodes(); ++from)
        for (std::size_t to = 0; to < matrix.nodes(); ++to) {
            RC_ASSERT(believed.at(from, to) >= matrix.at(from, to));
            RC_ASSERT(believed.at(from, to) <= matrix.at(from, to) * bound);
        }
}

}  // namespace
}  // namespace izar
