// The links of a summary, against the same read out of a matrix a column.
#include "ctrl/mesh/mesh_links.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <random>

#include "sched/summary/link_features.h"

namespace izar {
namespace {

using std::chrono::microseconds;

std::vector<NodeId> some_nodes(std::size_t count) {
    std::vector<NodeId> out;
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back(NodeId{static_cast<std::uint16_t>(7 + 3 * i)});
    }
    return out;
}

FeedLink some_link(std::mt19937& random) {
    FeedLink out;
    out.reachable = random() % 10 != 0;
    out.count = random() % 10;
    out.rtt = microseconds{random() % 200'000};
    out.variation = microseconds{random() % 2 * (random() % 10'000)};
    out.loss = random() % 4 == 0 ? static_cast<double>(random() % 1'000'001) / 1e6 : 0;
    out.bandwidth = {.used = BitRate{random()}, .count = static_cast<std::uint32_t>(random() % 2)};
    return out;
}

MeshSummary some_summary(std::size_t nodes, SummaryKind kind, std::mt19937& random) {
    LinkFeatures features = no_links(nodes, 0.02F);
    for (std::size_t from = 0; from < nodes; ++from) {
        for (std::size_t to = 0; to < nodes; ++to) {
            if (from != to) {
                put_link(features, from, to, some_link(random));
            }
        }
    }
    return summarize_features(with_both_ways(std::move(features)), {.kind = kind, .eps = 0.02F});
}

Nanos nanos_of(float ms) {
    return std::chrono::duration_cast<Nanos>(std::chrono::duration<float, std::milli>(ms));
}

// The four columns as the header draws them.
std::vector<FeedLink> links_by_matrix(const MeshSummary& summary, const std::vector<NodeId>& nodes) {
    const RttMatrix rtts = summary.believed_links(0);
    const RttMatrix losses = summary.believed_links(1);
    const RttMatrix variations = summary.believed_links(2);
    const RttMatrix used = summary.believed_links(3);
    const float no_loss = 1 + std::ldexp(1.0F, -int{summary.links.fraction_bits[1]});
    std::vector<FeedLink> out;
    for (std::size_t from = 0; from < nodes.size(); ++from) {
        for (std::size_t to = 0; to < nodes.size(); ++to) {
            if (from == to || rtts.at(from, to) == kUnknownRtt) {
                continue;
            }
            FeedLink link{.from = nodes[from], .to = nodes[to], .rtt = nanos_of(rtts.at(from, to)), .count = 1};
            const float loss = losses.at(from, to);
            link.loss = loss <= no_loss ? 0 : std::min(static_cast<double>(loss - 1) / 1'000, 1.0);
            link.variation = nanos_of(std::max(variations.at(from, to) - 1, 0.0F));
            if (const float mbit = used.at(from, to); mbit >= 10) {
                link.bandwidth = {BitRate{static_cast<std::uint64_t>(static_cast<double>(mbit - 10) * 1e6)}, {}, 1};
            }
            out.push_back(link);
        }
    }
    return out;
}

bool same(const FeedLink& a, const FeedLink& b) {
    return a.from == b.from && a.to == b.to && a.reachable && a.rtt == b.rtt && a.variation == b.variation &&
           a.loss == b.loss && a.round_trip && a.count == b.count && a.bandwidth.used == b.bandwidth.used &&
           a.bandwidth.count == b.bandwidth.count;
}

RC_GTEST_PROP(MeshLinks, AreWhatMatricesOfTheColumnsSay, (std::uint32_t seed)) {
    std::mt19937 random(seed);
    const auto nodes = some_nodes(*rc::gen::inRange<std::size_t>(2, 20));
    const MeshSummary summary = some_summary(nodes.size(), static_cast<SummaryKind>(random() % 3), random);
    const auto links = links_of(summary, nodes);
    const auto expected = links_by_matrix(summary, nodes);
    RC_ASSERT(std::equal(links.begin(), links.end(), expected.begin(), expected.end(), same));
}

}  // namespace
}  // namespace izar
