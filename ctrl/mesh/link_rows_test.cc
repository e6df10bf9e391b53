#include "ctrl/mesh/link_rows.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace izar {
namespace {

using Oracle = std::map<NodeId, std::map<NodeId, FeedLink>>;

FeedLink some_link() {
    FeedLink out;
    out.from = NodeId{*rc::gen::inRange<std::uint16_t>(1, 6)};
    out.to = NodeId{*rc::gen::inRange<std::uint16_t>(1, 6)};
    out.reachable = *rc::gen::arbitrary<bool>();
    out.rtt = std::chrono::microseconds{*rc::gen::inRange(0, 5'000'000)};
    out.variation = std::chrono::microseconds{*rc::gen::inRange(0, 5'000'000)};
    out.loss = *rc::gen::inRange(0, 1'000'001) / 1e6;
    out.count = *rc::gen::inRange<std::uint32_t>(0, 30'000);
    if (*rc::gen::arbitrary<bool>()) {
        out.bandwidth = {.used = BitRate{*rc::gen::inRange<std::uint64_t>(0, 4'000'000) * 1'000}, .count = 1};
    }
    return out;
}

bool same(const FeedLink& a, const FeedLink& b) {
    return a.from == b.from && a.to == b.to && a.reachable == b.reachable && a.rtt == b.rtt &&
           a.variation == b.variation && a.loss == b.loss && a.count == b.count &&
           a.bandwidth.used == b.bandwidth.used && a.bandwidth.count == b.bandwidth.count;
}

std::vector<FeedLink> all_of(const Oracle& oracle) {
    std::vector<FeedLink> out;
    for (const auto& [from, row] : oracle) {
        for (const auto& [to, link] : row) {
            out.push_back(link);
        }
    }
    return out;
}

void check(const LinkRows& rows, const Oracle& oracle) {
    const auto expected = all_of(oracle);
    std::vector<FeedLink> got;
    rows.for_each([&](const FeedLink& link) { got.push_back(link); });
    RC_ASSERT(std::equal(got.begin(), got.end(), expected.begin(), expected.end(), same));
    RC_ASSERT(rows.size() == expected.size());
    const NodeId from{*rc::gen::inRange<std::uint16_t>(0, 7)};
    const NodeId to{*rc::gen::inRange<std::uint16_t>(0, 7)};
    std::vector<FeedLink> later;
    std::vector<FeedLink> into;
    for (const FeedLink& link : expected) {
        if (std::pair{link.from, link.to} > std::pair{from, to} && later.size() < 4) {
            later.push_back(link);
        }
        if (link.to == to) {
            into.push_back(link);
        }
        RC_ASSERT(same(*rows.find(link.from, link.to), link));
    }
    got = rows.after(from, to, 4);
    RC_ASSERT(std::equal(got.begin(), got.end(), later.begin(), later.end(), same));
    got.clear();
    rows.for_each_to(to, [&](const FeedLink& link) { got.push_back(link); });
    RC_ASSERT(std::equal(got.begin(), got.end(), into.begin(), into.end(), same));
}

// Against maps of maps.
RC_GTEST_PROP(LinkRows, DoesWhatMapsDo, ()) {
    LinkRows rows;
    Oracle oracle;
    for (int step = *rc::gen::inRange(1, 20); step > 0; --step) {
        const FeedLink link = some_link();
        switch (*rc::gen::inRange(0, 4)) {
            case 0: {
                std::vector<FeedLink> row;
                for (int i = *rc::gen::inRange(0, 8); i > 0; --i) {
                    row.push_back(some_link());
                    row.back().from = link.from;
                }
                rows.set_row(link.from, row);
                oracle[link.from].clear();
                for (const FeedLink& each : row) {
                    oracle[link.from].insert_or_assign(each.to, each);
                }
                break;
            }
            case 1:
                rows.erase_row(link.from);
                oracle.erase(link.from);
                break;
            case 2:
                rows.keep_only({link.from, link.to, NodeId{1}});
                std::erase_if(oracle, [&](const auto& row) {
                    return row.first != link.from && row.first != link.to && row.first != NodeId{1};
                });
                for (auto& [from, row] : oracle) {
                    std::erase_if(row, [&](const auto& each) {
                        return each.first != link.from && each.first != link.to && each.first != NodeId{1};
                    });
                }
                break;
            default:
                rows.set(link);
                oracle[link.from].insert_or_assign(link.to, link);
        }
        check(rows, oracle);
    }
}

TEST(LinkRows, WhatDoesNotFitIsCut) {
    LinkRows rows;
    rows.set({.from = NodeId{1},
              .to = NodeId{2},
              .rtt = std::chrono::hours{2},
              .variation = std::chrono::nanoseconds{-5},
              .loss = 1.5,
              .count = 1'000'000});
    const auto link = rows.find(NodeId{1}, NodeId{2});
    ASSERT_TRUE(link);
    EXPECT_EQ(link->rtt, std::chrono::microseconds{0xFFFFFFFF});
    EXPECT_EQ(link->variation.count(), 0);
    EXPECT_EQ(link->loss, 1);
    EXPECT_EQ(link->count, 32'767U);
    EXPECT_EQ(rows.find(NodeId{2}, NodeId{1}), std::nullopt);
}

TEST(LinkRows, AnUplinkCarriesWhatItsLinksDo) {
    LinkRows rows;
    const auto link = [](std::uint16_t to, std::uint64_t used, std::uint32_t count) {
        return FeedLink{
            .from = NodeId{1}, .to = NodeId{to}, .count = 9, .bandwidth = {BitRate{used}, BitRate{100'000'000}, count}};
    };
    rows.set_row(NodeId{1}, std::vector{link(2, 30'000'000, 1), link(3, 12'000'000, 1), link(4, 0, 0)});
    rows.set({.from = NodeId{2}, .to = NodeId{1}, .count = 9});
    const auto uplinks = rows.uplinks();
    ASSERT_EQ(uplinks.size(), 1U) << "node 2 did not tell what it sends";
    EXPECT_EQ(uplinks.at(NodeId{1}).used, BitRate{42'000'000});
    EXPECT_EQ(uplinks.at(NodeId{1}).capacity, BitRate{100'000'000});
    EXPECT_EQ(rows.find(NodeId{1}, NodeId{3})->bandwidth.capacity, BitRate{100'000'000});
    rows.set(link(2, 0, 1));
    EXPECT_EQ(rows.uplinks().at(NodeId{1}).used, BitRate{12'000'000});
}

}  // namespace
}  // namespace izar
