#include "ctrl/store/sql_import.h"

#include <gtest/gtest.h>

#include "ctrl/store/testing/store_suite.h"

namespace izar {
namespace {

// The shape of the inserts that operators of the original write.
constexpr std::string_view kInitNodes = R"(-- nodes of the first stage
CREATE DATABASE IF NOT EXISTS arcturus_scheduling;
USE arcturus_scheduling;
INSERT INTO node_region (ip, region, hostname, description)
VALUES
('192.168.1.1', 'US-East', 'controller-01', 'Primary controller for US-East'),
('192.168.1.2', 'US-West', 'proxy-01', 'Edge proxy for US-West'), /* the second */
('192.168.1.3', 'EU-Central', NULL, 'It''s \'in\' Frankfurt');
INSERT INTO region_probe_info (source_ip, source_region, target_ip, target_region, tcp_delay, probe_time)
VALUES
('192.168.1.1', 'US-East', '192.168.1.2', 'US-West', 45, NOW()),
('192.168.1.1', 'US-East', '192.168.1.3', 'EU-Central', 120, '2026-03-28 10:00:00');
INSERT IGNORE INTO `network_metrics` (source_ip, destination_ip, link_latency, cpu_mean, cpu_variance,
  virtual_queue_cpu_mean, virtual_queue_cpu_variance, C) VALUES ('192.168.1.1', '192.168.1.2', 45.5, 2e1, 4, .5, 0, -3);
INSERT INTO domain_origin VALUES ("Example.com", '10.0.1.5', DEFAULT);  # all columns
)";

Result<Inventory> parsed(std::string_view text) {
    return parse_sql_import(text, "init.sql", kNow);
}

std::string problem_of(std::string_view text) {
    const auto inventory = parsed(text);
    return inventory ? "" : inventory.error().text;
}

TEST(SqlImport, ReadsWhatOperatorsWrite) {
    const auto inventory = parsed(kInitNodes);
    ASSERT_TRUE(inventory) << inventory.error().text;
    ASSERT_EQ(inventory->nodes.size(), 3U);
    EXPECT_EQ(inventory->nodes[0].name, "controller-01");
    EXPECT_EQ(inventory->nodes[1].region, "US-West");
    EXPECT_EQ(inventory->nodes[2].name, "node-192-168-1-3");
    EXPECT_EQ(inventory->nodes[2].description, "It's 'in' Frankfurt");
    ASSERT_EQ(inventory->region_probes.size(), 2U);
    EXPECT_EQ(inventory->region_probes[0].probe_time, kNow);
    EXPECT_LT(inventory->region_probes[1].probe_time, kNow);
    ASSERT_EQ(inventory->link_metrics.size(), 1U);
    EXPECT_EQ(inventory->link_metrics[0].cpu_mean, 20);
    EXPECT_EQ(inventory->link_metrics[0].c, -3);
    ASSERT_EQ(inventory->domains.size(), 1U);
    EXPECT_EQ(inventory->domains[0].first, "example.com");
}

TEST(SqlImport, ProblemsNameTheirPlaceAndWhatToDo) {
    const std::pair<const char*, const char*> cases[] = {
        {"INSERT INTO users VALUES (1)", "init.sql:1:13: 'users' is none of the tables"},
        {"INSERT INTO node_regions VALUES (1)", "did you mean 'node_region'?"},
        {"INSERT INTO node_region (ip, regoin) VALUES (1)",
         "init.sql:1:30: 'regoin' is no column of node_region; did "
         "you mean 'region'?"},
        {"INSERT INTO node_region (ip, ip) VALUES (1)", "stands twice"},
        {"INSERT INTO node_region (ip) VALUES ('10.0.0.1')", "init.sql:1:37: this row lacks a value for region"},
        {"INSERT INTO node_region (ip, region) VALUES\n('10.0.0.1')", "init.sql:2:1: 1 values for 2 columns"},
        {"INSERT INTO node_region (ip, region) VALUES ('10.0.0.300', 'eu')", "init.sql:1:46: ip: '10.0.0.300' is no"},
        {"INSERT INTO node_region (ip, region) VALUES ('10.0.0.1', 'a b')", "is no name"},
        {"INSERT INTO domain_origin (domain, origin_ip) VALUES ('a..b', '10.0.0.1')", "is no domain"},
        {"INSERT INTO domain_origin (domain, origin_ip) VALUES ('a', '10.0.0.1') x", "expected ';' behind the last"},
        {"DELETE FROM node_region", "init.sql:1:1: 'DELETE' begins no statement"},
        {"INSERT INTO node_region (ip, region) VALUES ('10.0.0.1', SLEEP(9))", "expected a value"},
        {"INSERT INTO node_region (ip, region) VALUES ('10.0.0.1', 'eu", "init.sql:1:58: this quote is not closed"},
        {"/* no end", "init.sql:1:1: this comment does not end"},
        {"INSERT INTO region_probe_info VALUES (1, '10.0.0.1', 'a', '10.0.0.2', 'b', -4, NOW())", "no whole number"},
        {"INSERT INTO region_probe_info VALUES (1, '10.0.0.1', 'a', '10.0.0.2', 'b', 4, NOW)", "expected '('"},
    };
    for (const auto& [text, expected] : cases) {
        EXPECT_NE(problem_of(text).find(expected), std::string::npos) << text << "\n" << problem_of(text);
    }
}

TEST(SqlImport, IsBounded) {
    std::string rows = "INSERT INTO domain_origin (domain, origin_ip) VALUES ('a', '10.0.0.1')";
    for (std::size_t i = 0; i < kMaxImportRows; ++i) {
        rows += ",('a','10.0.0.1')";
    }
    EXPECT_NE(problem_of(rows).find("import them in parts"), std::string::npos);
    EXPECT_FALSE(parsed(std::string(kMaxImportBytes + 1, ' ')));
    EXPECT_FALSE(parsed("INSERT INTO domain_origin VALUES ('" + std::string(10'000, 'a') + "', '10.0.0.1', NOW())"));
}

TEST(SqlImport, AnyBeginningOfAFileIsReadOrRefused) {
    for (std::size_t length = 0; length < kInitNodes.size(); ++length) {
        const auto inventory = parsed(kInitNodes.substr(0, length));
        EXPECT_TRUE(inventory || inventory.error().text.starts_with("init.sql:")) << length;
    }
}

TYPED_TEST_SUITE(StoreSuite, Backings);

TYPED_TEST(StoreSuite, AnImportedFileTakesEffect) {
    granted(this->store().import_inventory(parsed(kInitNodes).value(), kNow));
    const auto nodes = granted(this->store().nodes());
    ASSERT_EQ(nodes.size(), 3U);
    EXPECT_EQ(nodes[0].state, NodeState::declared);
    EXPECT_EQ(granted(this->store().domains()).at(0).origin_ip, address("10.0.1.5"));
    EXPECT_EQ(granted(this->store().region_probes(WallTime{})).size(), 2U);
    EXPECT_EQ(granted(this->store().link_metrics()).at(0).c, -3);
    EXPECT_EQ(this->backing().ask_outside("SELECT COUNT(*) FROM node_region"), "3");
    EXPECT_EQ(granted(this->store().adopt_public_rows(kNow)).taken, 0U);
}

}  // namespace
}  // namespace izar
