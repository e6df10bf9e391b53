// A node's row through bytes to its receiver: bounds, changes, and what is refused.
#include "ctrl/mesh/row_summary.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>

#include "sched/summary/exchange.h"

namespace izar {
namespace {

using std::chrono::duration;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr NodeId kSelf{7};

RowPlaces places_of(std::size_t nodes, std::size_t regions) {
    RowPlaces out;
    for (std::size_t i = 0; i < nodes; ++i) {
        out.nodes.push_back(NodeId{static_cast<std::uint16_t>(7 + 3 * i)});
        out.region_of.push_back(static_cast<std::uint8_t>(i * regions / nodes));
    }
    return out;
}

// Alike within a region, but for a few.
FeedLink some_link(NodeId to, std::size_t region, std::mt19937& random) {
    FeedLink out{.from = kSelf, .to = to};
    out.reachable = random() % 20 != 0;
    out.count = random() % 20 == 0 ? 0 : 100;
    out.rtt = microseconds{5'000 + 20'000 * region + random() % 100};
    if (random() % 10 == 0) {
        out.rtt = microseconds{random() % 60'000'000};
    }
    out.variation = microseconds{random() % 2'000};
    out.loss = random() % 10 == 0 ? static_cast<double>(random() % 1'000'001) / 1e6 : 0;
    if (random() % 3 != 0) {
        out.bandwidth = {.used = BitRate{random() % 4 == 0 ? random() % 40'000'000'000 : 0}, .count = 1};
    }
    return out;
}

std::vector<FeedLink> some_row(const RowPlaces& places, std::mt19937& random) {
    std::vector<FeedLink> out;
    for (std::size_t i = 0; i < places.nodes.size(); ++i) {
        if (places.nodes[i] != kSelf && random() % 30 != 0) {
            out.push_back(some_link(places.nodes[i], places.region_of[i], random));
        }
    }
    return out;
}

void drift(std::vector<FeedLink>& row, const RowPlaces& places, std::mt19937& random) {
    for (FeedLink& link : row) {
        link.rtt = std::min<Nanos>(link.rtt * (990 + random() % 21) / 1'000, std::chrono::minutes{1});
        if (random() % 20 == 0) {
            const auto place = std::ranges::find(places.nodes, link.to) - places.nodes.begin();
            link = some_link(link.to, places.region_of[static_cast<std::size_t>(place)], random);
        }
    }
    if (!row.empty() && random() % 4 == 0) {
        row.erase(row.begin() + static_cast<std::ptrdiff_t>(random() % row.size()));
    }
}

bool within(double told, double real, double share, double constant) {
    const double most = (real + constant) * (1 + share) - constant;
    return told >= real - 1e-6 - real * 1e-6 && told <= most + 1e-6 + most * 1e-6;
}

double in_ms(Nanos time) {
    return duration<double, std::milli>(time).count();
}

// The header's promise. A value that cannot be told from none is told as none.
void check(const std::vector<FeedLink>& told, const std::vector<FeedLink>& real) {
    RC_ASSERT(told.size() == real.size());
    for (std::size_t i = 0; i < told.size(); ++i) {
        const FeedLink& a = told[i];
        const FeedLink& b = real[i];
        RC_ASSERT(a.from == b.from && a.to == b.to && a.reachable == b.reachable);
        if (!b.reachable) {
            continue;
        }
        RC_ASSERT((a.count == 0) == (b.count == 0));
        if (b.count == 0) {
            continue;
        }
        RC_ASSERT(within(in_ms(a.rtt), in_ms(b.rtt), 0.01, 0.1));
        const bool no_loss = a.loss == 0 && b.loss <= 1.01e-5;
        RC_ASSERT(no_loss || within(a.loss * 1e3, b.loss * 1e3, 0.01, 1) || a.loss == 1);
        const bool steady = a.variation == Nanos{0} && b.variation <= microseconds{13};
        RC_ASSERT(steady || within(in_ms(a.variation), in_ms(b.variation), 0.125, 0.1));
        RC_ASSERT(a.bandwidth.count == b.bandwidth.count);
        const double used = static_cast<double>(raw(b.bandwidth.used)) / 1e6;
        const bool idle = raw(a.bandwidth.used) == 0 && used <= 0.051;
        RC_ASSERT(idle || within(static_cast<double>(raw(a.bandwidth.used)) / 1e6, used, 0.05, 1));
    }
}

// Some acknowledgements are late, or a message never went: the receiver then refuses a change and gets a whole row.
RC_GTEST_PROP(RowSummary, ReceiversHoldTheBoundOverASeries, (std::uint32_t seed)) {
    std::mt19937 random(seed);
    const RowPlaces places = places_of(*rc::gen::inRange<std::size_t>(1, 60), *rc::gen::inRange<std::size_t>(1, 5));
    auto row = some_row(places, random);
    SummarySender sender;
    RowReceiver receiver;
    for (int round = 0; round < 12; ++round) {
        const auto bytes = sender.send(summarize_row(row, places, sender.base()));
        if (random() % 6 != 0) {
            auto told = receiver.receive(bytes, kSelf, places.nodes);
            if (!told) {
                sender.on_resync();
                told = receiver.receive(sender.send(summarize_row(row, places, nullptr)), kSelf, places.nodes);
            }
            RC_ASSERT(told.has_value());
            check(*told, row);
            if (random() % 6 != 0) {
                sender.on_acknowledged(receiver.generation());
            }
        }
        drift(row, places, random);
    }
}

// But for the last bits, of which a range coder may not need all.
RC_GTEST_PROP(RowSummary, DamageIsRefusedOrChangesNothing, (std::uint32_t seed)) {
    std::mt19937 random(seed);
    const RowPlaces places = places_of(40, 3);
    auto row = some_row(places, random);
    SummarySender sender;
    RowReceiver receiver;
    RC_ASSERT(receiver.receive(sender.send(summarize_row(row, places, nullptr)), kSelf, places.nodes).has_value());
    sender.on_acknowledged(1);
    drift(row, places, random);
    const auto change = sender.send(summarize_row(row, places, sender.base()));
    auto damaged = change;
    damaged[random() % damaged.size()] ^= static_cast<std::uint8_t>(1U << random() % 8);
    if (const auto told = receiver.receive(damaged, kSelf, places.nodes)) {
        check(*told, row);
        return;
    }
    RC_ASSERT(receiver.generation() == 1);
    RC_ASSERT(receiver.receive(change, kSelf, places.nodes).has_value());
}

std::vector<FeedLink> regular_row(const RowPlaces& places) {
    std::vector<FeedLink> out;
    for (std::size_t i = 1; i < places.nodes.size(); ++i) {
        out.push_back({.from = kSelf,
                       .to = places.nodes[i],
                       .rtt = milliseconds{10 + 30 * places.region_of[i]} + microseconds{i % 5},
                       .count = 1});
    }
    return out;
}

TEST(RowSummary, ARegionSpeaksForLinksThatAreAlike) {
    const RowPlaces places = places_of(400, 4);
    auto row = regular_row(places);
    const MeshSummary alike = summarize_row(row, places, nullptr);
    EXPECT_EQ(alike.node_items.items.size(), 1U) << "the node itself, to which it has no link";
    row[70].rtt *= 2;
    row[200].reachable = false;
    const MeshSummary two = summarize_row(row, places, nullptr);
    ASSERT_EQ(two.node_items.items.size(), 3U);
    EXPECT_EQ(two.node_items.items[1].at.to, 71);
    EXPECT_EQ(two.node_items.items[2].at.to, 201);
    EXPECT_LT(encode_full(two).size(), 100U);
}

TEST(RowSummary, ARowAtRestCostsNearlyNothing) {
    const RowPlaces places = places_of(1'000, 10);
    std::mt19937 random(3);
    const auto row = some_row(places, random);
    MeshSummary first = summarize_row(row, places, nullptr);
    first.generation = 1;
    MeshSummary again = summarize_row(row, places, &first);
    again.generation = 2;
    EXPECT_LT(encode_delta(first, again).value().size(), kSummaryHeaderBytes + 12);
}

TEST(RowSummary, WhatIsNoRowOfTheseNodesIsRefused) {
    const RowPlaces places = places_of(20, 2);
    const auto row = regular_row(places);
    const MeshSummary good = summarize_row(row, places, nullptr);
    RowReceiver receiver;
    const auto refuses = [&](const MeshSummary& summary) {
        return !receiver.receive(encode_full(summary), kSelf, places.nodes);
    };
    const RowPlaces fewer = places_of(19, 2);
    EXPECT_TRUE(refuses(summarize_row(regular_row(fewer), fewer, nullptr)));
    MeshSummary with_links = good;
    with_links.links.fraction_bits = {6};
    EXPECT_TRUE(refuses(with_links));
    MeshSummary other_columns = good;
    other_columns.node_items = {};
    EXPECT_TRUE(refuses(other_columns));
    MeshSummary represented = good;
    represented.node_items.items[0] = {{0, 5}, true, {}};
    EXPECT_TRUE(refuses(represented));
    EXPECT_TRUE(refuses(MeshSummary{}));
    EXPECT_EQ(receiver.generation(), 0U);
    EXPECT_FALSE(refuses(good));
}

}  // namespace
}  // namespace izar
