#include "tools/trace/trace_format.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace izar {
namespace {

using namespace std::chrono_literals;

// What is read from a line writes the same line again.
void expect_kept(const TraceEvent& event) {
    const std::string line = trace_line(event);
    EXPECT_EQ(std::ranges::count(line, '\n'), 1);
    const auto read = parse_trace_line(line);
    ASSERT_TRUE(read.has_value()) << read.error().text << " in " << line;
    EXPECT_EQ(trace_line(*read), line);
}

TraceEvent event_with(FeedUpdate update) {
    return TraceUpdate{Instant{3s}, std::make_shared<const FeedUpdate>(std::move(update))};
}

TEST(TraceFormat, KeepsEveryPartOfAnUpdate) {
    auto fleet = std::make_shared<Fleet>();
    fleet->version = 7;
    fleet->self = NodeSlot{1};
    fleet->nodes = {
        {NodeId{5}, *IpAddress::parse("10.0.0.1"), "ams", "eu"}, {}, {NodeId{9}, *IpAddress::parse("fd00::1"), "nyc"}};
    fleet->slot_of_id[5] = NodeSlot{0};
    fleet->slot_of_id[9] = NodeSlot{2};
    RoutingPolicies policies{.list = {{.name = "a", .rule = CostRule::lyapunov, .mean_weight = 0.1, .spread = true},
                                      {.name = "b", .forbidden_nodes = {"nyc"}, .node_prices = {{"ams", 0.07}}}},
                             .of_service = {}};
    FeedUpdate update{.fleet = fleet, .policies = std::make_shared<const RoutingPolicies>(policies)};
    update.life = FeedLife::live;
    update.links = {{.from = NodeId{5},
                     .to = NodeId{9},
                     .reachable = false,
                     .rtt = 12ms,
                     .loss = 0.125,
                     .round_trip = true,
                     .age = 3s,
                     .count = 4}};
    update.nodes = {{.node = NodeId{9}, .load = {.cpu_percent = 12.5, .price = 0.3}, .age = 1s}};
    update.withdrawn = {NodeId{9}};
    update.restored = {NodeId{5}};
    const TraceEvent event = event_with(update);
    expect_kept(event);
    const auto read = parse_trace_line(trace_line(event));
    const FeedUpdate& again = *std::get<TraceUpdate>(*read).update;
    EXPECT_EQ(again.fleet->slot(NodeId{9}), NodeSlot{2});
    EXPECT_STREQ(again.fleet->nodes[0].region, "eu");
    EXPECT_EQ(again.policies->list[1].forbidden_nodes[0], "nyc");
    EXPECT_EQ(again.policies->list[1].node_prices.at("ams"), 0.07);
    EXPECT_EQ(again.links[0].loss, 0.125);
    EXPECT_TRUE(again.links[0].round_trip);
    EXPECT_FALSE(again.links[0].reachable);
    EXPECT_EQ(again.nodes[0].load.price, 0.3);
    expect_kept(event_with({}));
    expect_kept(TraceHead{1400});
    expect_kept(TraceLoss{12});
}

RC_GTEST_PROP(TraceFormat, KeepsEveryReport, ()) {
    TraceReport event;
    event.now = Instant{Nanos{*rc::gen::arbitrary<std::int64_t>()}};
    event.report.at = Instant{Nanos{*rc::gen::arbitrary<std::int64_t>()}};
    event.report.link = NodeSlot{*rc::gen::arbitrary<std::uint16_t>()};
    event.report.kind =
        *rc::gen::element(LinkReportKind::rtt, LinkReportKind::loss, LinkReportKind::up, LinkReportKind::down,
                          LinkReportKind::mtu, LinkReportKind::peer_row, LinkReportKind::path, LinkReportKind::traffic);
    if (event.report.kind == LinkReportKind::loss) {
        event.report.loss = {*rc::gen::arbitrary<std::uint64_t>(), 1, 2};
    } else if (event.report.kind == LinkReportKind::mtu) {
        event.report.mtu = {*rc::gen::arbitrary<std::uint16_t>(), *rc::gen::arbitrary<bool>()};
    } else if (event.report.kind == LinkReportKind::traffic) {
        event.report.traffic = {*rc::gen::arbitrary<std::uint64_t>(), Nanos{*rc::gen::arbitrary<std::int64_t>()},
                                BitRate{*rc::gen::arbitrary<std::uint64_t>()}};
    } else if (event.report.kind == LinkReportKind::peer_row) {
        event.report.row = {NodeId{3}, *rc::gen::arbitrary<std::uint16_t>(), *rc::gen::arbitrary<std::uint32_t>(),
                            *rc::gen::arbitrary<std::uint16_t>()};
    } else if (event.report.kind == LinkReportKind::path) {
        event.report.path = {{NodeId{*rc::gen::arbitrary<std::uint16_t>()}, NodeId{4}, kNoNode},
                             Nanos{*rc::gen::arbitrary<std::int64_t>()},
                             *rc::gen::arbitrary<bool>(),
                             *rc::gen::arbitrary<bool>()};
    } else {
        event.report.rtt = {Nanos{*rc::gen::arbitrary<std::int64_t>()}, 5ms, 3};
    }
    const std::string line = trace_line(event);
    const auto read = parse_trace_line(line);
    RC_ASSERT(read.has_value());
    RC_ASSERT(trace_line(*read) == line);
}

TEST(TraceFormat, WhatIsWrongIsTold) {
    const auto error_of = [](std::string_view line) {
        const auto read = parse_trace_line(line);
        return read ? "" : read.error().text;
    };
    EXPECT_NE(error_of("").find("parse error"), std::string::npos);
    EXPECT_EQ(error_of("{}"), "is no event of a trace; is the file one that izar-edge --trace wrote?");
    EXPECT_EQ(error_of(R"({"trace": 1, "mtu": 1500})"), "is of another version than 2; use the izar that wrote it");
    EXPECT_EQ(error_of(R"({"t": 1, "up": 70000, "at": 1})"), "has a number that is not whole or out of range: 70000");
    EXPECT_NE(error_of(R"({"t": 1, "rtt": 3, "at": 1})").find("'least' not found"), std::string::npos);
    EXPECT_EQ(error_of(R"({"t": 1, "update": {"fleet": {"version": 1, "self": 0, "nodes": []}}})"),
              "has a fleet without the own node");
}

// Cut, changed and doubled bytes end in an event or an error.
RC_GTEST_PROP(TraceFormat, AnyBytesAreReadOrRefused, ()) {
    std::string line =
        trace_line(event_with({.links = {{.from = NodeId{5}, .to = NodeId{9}}}, .withdrawn = {NodeId{1}}}));
    const auto at = *rc::gen::inRange<std::size_t>(0, line.size());
    line[at] = *rc::gen::arbitrary<char>();
    line.resize(*rc::gen::inRange<std::size_t>(at, line.size() + 1));
    const auto read = parse_trace_line(line);
    RC_ASSERT(read.has_value() || !read.error().text.empty());
}

}  // namespace
}  // namespace izar
