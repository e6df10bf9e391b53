// Both renderings of the same rows, against the texts that people and programs rely on.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dataplane/config/edge_config_text.h"
#include "dataplane/shell/fake_node.h"
#include "dataplane/shell/render_json.h"
#include "dataplane/shell/render_table.h"
#include "dataplane/shell/text_table.h"

namespace izar {
namespace {

using nlohmann::json;

TEST(TextTable, AlignsAndNeverEndsInBlanks) {
    TextTable table({{"name"}, {"n", TextTable::Align::right}, {"why"}});
    table.add({"a", "1000", ""});
    table.add({"longer", "7", "x"});
    EXPECT_EQ(table.text(), "name       n  why\na       1000\nlonger     7  x\n");
}

TEST(RenderTable, WhatWasNotMeasuredIsADash) {
    EXPECT_EQ(number_cell(std::nullopt, 3), "-");
    EXPECT_EQ(number_cell(0.0, 1), "0.0");
    EXPECT_EQ(count_cell(std::nullopt), "-");
}

TEST(RenderTable, Paths) {
    EXPECT_EQ(table_of(FakeNode().paths()),
              "destination  policy   path       share  predicted ms  measured ms  backup  why\n"
              "lon          default  par > lon  100 %        18.000       18.250  lon     12 ms better than direct\n"
              "par          default  par         50 %             -            -  -       -\n");
}

TEST(RenderTable, Links) {
    const std::string text = table_of(FakeNode().links());
    EXPECT_NE(text.find("par    2  10.77.0.2  up       10.123   9.900  14.500       -  1.50 %          3"),
              std::string::npos)
        << text;
}

TEST(RenderTable, ForwardStatsSayWhetherAllIsAccounted) {
    const FakeNode node;
    const std::string text = table_of(node.totals(), node.lcores());
    EXPECT_NE(text.find("CPU cycles/packet=123.46 (total cycles=12963 / total packets=105)"), std::string::npos)
        << text;
    Totals wrong = node.totals();
    wrong.accounted = false;
    EXPECT_NE(table_of(wrong, {}).find("NO\n"), std::string::npos);
}

TEST(RenderTable, FlowsSayHowManyThereAre) {
    EXPECT_NE(table_of(FakeNode().flows(10)).find("1 of 2000 flows shown, capacity 262144, 5 refused"),
              std::string::npos);
}

TEST(RenderJson, Links) {
    const FakeNode node;
    const json links = json::parse(json_of(node.status(), node.links())).at("links");
    ASSERT_EQ(links.size(), 2U);
    EXPECT_DOUBLE_EQ(links[0].at("rtt_ms"), 10.1234);
    EXPECT_DOUBLE_EQ(links[0].at("rtt_p99_ms"), 14.5);
    EXPECT_DOUBLE_EQ(links[0].at("loss_ratio"), 0.015);
    EXPECT_DOUBLE_EQ(links[0].at("detection_ms"), 30);
    EXPECT_EQ(links[0].at("mtu_bytes"), 1400);
    EXPECT_EQ(links[0].at("why"), "heard");
    EXPECT_EQ(links[0].at("key_epoch"), 17);
    for (const char* key : {"rtt_ms", "rtt_min_ms", "rtt_p99_ms", "rtt_variation_ms", "loss_ratio", "reordered",
                            "mtu_bytes", "last_heard_ms", "detection_ms", "key_epoch", "last_change_ms", "why"}) {
        EXPECT_TRUE(links[1].at(key).is_null()) << key;
    }
    EXPECT_EQ(links[1].at("changes"), 0);
}

TEST(RenderJson, Paths) {
    const FakeNode node;
    const json paths = json::parse(json_of(node.status(), node.paths())).at("paths");
    EXPECT_EQ(paths[0].at("segments"), (json{"par", "lon"}));
    EXPECT_EQ(paths[0].at("policy"), "default");
    EXPECT_EQ(paths[0].at("backup"), json::array({"lon"}));
    EXPECT_DOUBLE_EQ(paths[0].at("measured_rtt_ms"), 18.25);
    EXPECT_TRUE(paths[1].at("measured_rtt_ms").is_null());
    EXPECT_TRUE(paths[1].at("backup").is_null());
}

TEST(RenderJson, ForwardStats) {
    const FakeNode node;
    const json document = json::parse(json_of(node.status(), node.totals(), node.lcores()));
    const json& t = document.at("totals");
    EXPECT_EQ(
        t.at("rx").get<int>() + t.at("made").get<int>(),
        t.at("tx").get<int>() + t.at("dropped").get<int>() + t.at("consumed").get<int>() + t.at("held").get<int>());
    EXPECT_EQ(t.at("accounted"), true);
    EXPECT_EQ(document.at("lcores").size(), 2U);
    EXPECT_EQ(document.at("generation"), 7);
}

TEST(RenderJson, RestOfTheRows) {
    const FakeNode node;
    const NodeStatus status = node.status();
    const json services = json::parse(json_of(status, node.services())).at("services");
    EXPECT_EQ(services[0].at("egresses")[1].at("reachable"), false);
    EXPECT_TRUE(services[1].at("ports").is_null());
    EXPECT_TRUE(services[1].at("flows").is_null());
    const json flows = json::parse(json_of(status, node.flows(1)));
    EXPECT_EQ(flows.at("total"), 2000);
    EXPECT_TRUE(flows.at("flows")[0].at("origin").is_null());
    const json drops = json::parse(json_of(status, node.verdicts())).at("drops");
    EXPECT_EQ(drops[0].at("text"), "No service has this \"vip\"");
    EXPECT_EQ(drops[1].at("kind"), "consumed");
    const json rtts = json::parse(json_of(status, node.rtts())).at("rtts");
    EXPECT_DOUBLE_EQ(rtts[0].at("p99_ms"), 12);
    EXPECT_TRUE(rtts[1].at("p99_ms").is_null());
    const json probes = json::parse(json_of(status, node.probes())).at("probes");
    EXPECT_DOUBLE_EQ(probes[0].at("rtt_ms"), 20.5);
    EXPECT_EQ(probes[0].at("count"), 100);
    EXPECT_TRUE(probes[1].at("count").is_null());
    EXPECT_TRUE(probes[1].at("rtt_ms").is_null());
    const json lcores = json::parse(json_of(status, node.lcores())).at("lcores");
    EXPECT_DOUBLE_EQ(lcores[0].at("cycles_per_packet"), 123.46);
    EXPECT_EQ(lcores[0].at("packets"), 105);
    EXPECT_TRUE(lcores[1].at("cpu").is_null());
    const json ports = json::parse(json_of(status, node.port_infos())).at("ports");
    EXPECT_TRUE(ports[0].at("speed_mbps").is_null());
    EXPECT_EQ(ports[1].at("mtu_bytes"), 9000);
    const json stats = json::parse(json_of(status, node.port_stats())).at("ports");
    EXPECT_DOUBLE_EQ(stats[0].at("rx_pps"), 1234.4);
    EXPECT_TRUE(stats[1].at("rx_pps").is_null());
    const json config = json::parse(json_of(status, node.config()));
    EXPECT_EQ(config.at("yaml"), edge_config_text(node.config()));
}

TEST(Render, WhatCameOfReadingTheConfigurationAgain) {
    const FakeNode node;
    const json told = json::parse(json_of(node.status(), node.config_state()));
    EXPECT_EQ(told.at("generation"), 2);
    EXPECT_EQ(told.at("problem"), "edge.yaml:3:1: first\nedge.yaml:9:1: second");
    EXPECT_EQ(told.at("needs_restart"), (json{"lcores", "links.interval"}));
    EXPECT_EQ(told.at("read_again_s"), 1'790'000'000);
    EXPECT_EQ(table_of(node.config_state()),
              "configuration 2 is in force; SIGHUP came last at 2026-09-21 14:13:20 UTC\n"
              "changed, and in force only after a restart: lcores, links.interval\n"
              "problem: edge.yaml:3:1: first\nedge.yaml:9:1: second\n");
    const json at_start = json::parse(json_of(node.status(), ConfigState{}));
    EXPECT_EQ(at_start.at("generation"), 1);
    EXPECT_TRUE(at_start.at("problem").is_null() && at_start.at("read_again_s").is_null());
    EXPECT_EQ(table_of(ConfigState{}),
              "configuration 1 is in force; no SIGHUP came since the start\n"
              "changed, and in force only after a restart: -\nproblem: -\n");
}

TEST(RenderJson, BytesThatAreNotUtf8DoNotThrow) {
    NodeStatus status = FakeNode().status();
    status.name = "a\xff";
    EXPECT_TRUE(json::accept(json_of(status)));
}

TEST(Render, PathChoiceTellsEveryTermAndWhatCannotBeUsed) {
    FakeNode node;
    const auto choice = node.explain_path("ams", "lon", "");
    const auto json = nlohmann::json::parse(json_of(node.status(), *choice));
    EXPECT_EQ(json.at("policy"), "default");
    EXPECT_EQ(json.at("rule"), "rtt-loss");
    EXPECT_EQ(json.at("candidates").at(0).at("cost_ms"), 8.5);
    EXPECT_EQ(json.at("candidates").at(0).at("links").at(0).at("delay_ms"), 8.5);
    EXPECT_TRUE(json.at("candidates").at(1).at("cost_ms").is_null());
    const std::string table = table_of(*choice);
    EXPECT_NE(table.find("ams > par > lon"), std::string::npos);
    EXPECT_NE(table.find("in use"), std::string::npos);
    EXPECT_NE(table.find("chosen: first found"), std::string::npos);
}

}  // namespace
}  // namespace izar
