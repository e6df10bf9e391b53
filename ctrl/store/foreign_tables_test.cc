// A database whose public tables an operator created, as the original's documentation says, before the first start.
#include "ctrl/store/foreign_tables.h"

#include "ctrl/store/testing/store_suite.h"

namespace izar {
namespace {

// The original's statements without their comments; words in '$' are what SQLite writes differently.
constexpr std::string_view kOriginal = R"(
CREATE TABLE node_region (
   id INT $KEY,
   ip VARCHAR(50) NOT NULL UNIQUE,
   region VARCHAR(50) NOT NULL,
   hostname VARCHAR(100),
   description VARCHAR(255),
   created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE system_info (
    id BIGINT UNSIGNED $KEY,
    ip VARCHAR(45) NOT NULL,
    cpu_cores INT NOT NULL,
    cpu_model_name VARCHAR(255) NOT NULL,
    cpu_mhz FLOAT NOT NULL,
    cpu_cache_size INT NOT NULL,
    cpu_usage FLOAT NOT NULL,
    memory_total BIGINT UNSIGNED NOT NULL,
    memory_available BIGINT UNSIGNED NOT NULL,
    memory_used BIGINT UNSIGNED NOT NULL,
    memory_used_percent FLOAT NOT NULL,
    disk_device VARCHAR(255) NOT NULL,
    disk_total BIGINT UNSIGNED NOT NULL,
    disk_free BIGINT UNSIGNED NOT NULL,
    disk_used BIGINT UNSIGNED NOT NULL,
    disk_used_percent FLOAT NOT NULL,
    network_interface_name VARCHAR(255) NOT NULL,
    network_bytes_sent BIGINT UNSIGNED NOT NULL,
    network_bytes_recv BIGINT UNSIGNED NOT NULL,
    network_packets_sent BIGINT UNSIGNED NOT NULL,
    network_packets_recv BIGINT UNSIGNED NOT NULL,
    hostname VARCHAR(255) NOT NULL,
    os VARCHAR(255) NOT NULL,
    platform VARCHAR(255) NOT NULL,
    platform_version VARCHAR(255) NOT NULL,
    uptime BIGINT UNSIGNED NOT NULL,
    load1 FLOAT NOT NULL,
    load5 FLOAT NOT NULL,
    load15 FLOAT NOT NULL,
    timestamp DATETIME NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP $TOUCHED
);
CREATE TABLE region_probe_info (
    id INT $KEY,
    source_ip VARCHAR(15) NOT NULL,
    source_region VARCHAR(50) NOT NULL,
    target_ip VARCHAR(15) NOT NULL,
    target_region VARCHAR(50) NOT NULL,
    tcp_delay INT NOT NULL,
    probe_time DATETIME NOT NULL
);
CREATE TABLE network_metrics (
    id INT $KEY,
    source_ip VARCHAR(15) NOT NULL,
    destination_ip VARCHAR(15) NOT NULL,
    link_latency FLOAT NOT NULL,
    cpu_mean FLOAT NOT NULL,
    cpu_variance FLOAT NOT NULL,
    virtual_queue_cpu_mean FLOAT NOT NULL,
    virtual_queue_cpu_variance FLOAT NOT NULL,
    C INT,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP $TOUCHED
);
CREATE TABLE domain_origin (
    domain VARCHAR(20) PRIMARY KEY,
    origin_ip VARCHAR(20) NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP $TOUCHED
);
)";

constexpr std::string_view kRows = R"(
INSERT INTO node_region (ip, region, hostname, description) VALUES
('192.168.1.1', 'US-East', 'controller-01', 'Primary controller for US-East'),
('192.168.1.2', 'US-West', 'proxy-01', 'Edge proxy for US-West');
INSERT INTO domain_origin (domain, origin_ip) VALUES ('example.com', '10.0.1.5'), ('api.example.com', '10.0.1.6');
INSERT INTO network_metrics (source_ip, destination_ip, link_latency, cpu_mean, cpu_variance, virtual_queue_cpu_mean,
 virtual_queue_cpu_variance) VALUES ('10.0.0.1', '10.0.0.2', 1, 0, 0, 0, 0), ('10.0.0.1', '10.0.0.2', 2, 0, 0, 0, 0),
 ('10.0.0.2', '10.0.0.1', 3, 0, 0, 0, 0);
)";

std::string written_for(SqlDialect dialect) {
    const bool sqlite = dialect == SqlDialect::sqlite;
    std::string out(kOriginal);
    const auto put = [&](std::string_view word, std::string_view meant) {
        for (auto at = out.find(word); at != std::string::npos; at = out.find(word, at + meant.size())) {
            out.replace(at, word.size(), meant);
        }
    };
    if (sqlite) {
        put("INT $KEY", "INTEGER PRIMARY KEY AUTOINCREMENT");
        put("BIGINT UNSIGNED $KEY", "INTEGER PRIMARY KEY AUTOINCREMENT");
    }
    put("$KEY", "AUTO_INCREMENT PRIMARY KEY");
    put("$TOUCHED", sqlite ? "" : "ON UPDATE CURRENT_TIMESTAMP");
    return out + std::string(kRows);
}

template <typename Backing>
class ForeignTables : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!backing_.why_not().empty()) {
            GTEST_SKIP() << backing_.why_not();
        }
        const bool sqlite = std::is_same_v<Backing, SqliteTestStore>;
        backing_.run_outside(written_for(sqlite ? SqlDialect::sqlite : SqlDialect::mariadb));
        open();
    }
    void open() {
        store_.reset();
        auto opened = backing_.open({});
        ASSERT_TRUE(opened) << opened.error().text;
        store_ = *std::move(opened);
    }

    Backing backing_;
    std::unique_ptr<Store> store_;
};

TYPED_TEST_SUITE(ForeignTables, Backings);

TYPED_TEST(ForeignTables, APairHasOneRowTheOneWrittenLast) {
    auto metrics = granted(this->store_->link_metrics());
    ASSERT_EQ(metrics.size(), 2U);
    EXPECT_EQ(metrics[0].link_latency, 2);
    for (int round = 0; round < 3; ++round) {
        metrics[0].link_latency = 10 + round;
        granted(this->store_->write_link_metrics(metrics, {}));
    }
    EXPECT_EQ(this->backing_.ask_outside("SELECT COUNT(*) FROM network_metrics"), "2");
    EXPECT_EQ(granted(this->store_->link_metrics())[0].link_latency, 12);
}

TYPED_TEST(ForeignTables, TheirColumnsHoldWhatOursHold) {
    const std::string domain = "a-name-of-more-than-twenty-letters.example.com";
    Inventory inventory;
    inventory.nodes = {{"tokyo-1", "JP", address("2001:db8:aaaa:bbbb:cccc:dddd:eeee:1"), "東京"}};
    inventory.domains = {{domain, address("2001:db8:aaaa:bbbb:cccc:dddd:eeee:2")}};
    inventory.region_probes = {{"2001:db8:aaaa:bbbb:cccc:dddd:eeee:1", "JP", "2001:db8::2", "US", 45, kNow}};
    inventory.link_metrics = {
        {"2001:db8:aaaa:bbbb:cccc:dddd:eeee:1", "2001:db8::2", 1, 0, 0, 0, 0, std::nullopt, kNow}};
    granted(this->store_->import_inventory(inventory, kNow));
    EXPECT_EQ(this->backing_.ask_outside("SELECT origin_ip FROM domain_origin WHERE domain = '" + domain + "'"),
              "2001:db8:aaaa:bbbb:cccc:dddd:eeee:2");
    EXPECT_EQ(granted(this->store_->region_probes(kNow)), inventory.region_probes);
}

TYPED_TEST(ForeignTables, TheirRowsAreTakenUp) {
    granted(this->store_->adopt_public_rows(kNow));
    EXPECT_EQ(granted(this->store_->nodes()).size(), 2U);
    EXPECT_EQ(granted(this->store_->domains()).size(), 2U);
}

// MariaDB cannot undo an ALTER, so a migration that was cut off goes through all of it again.
TYPED_TEST(ForeignTables, ChangingThemTwiceChangesNothing) {
    const auto before = granted(this->store_->link_metrics());
    this->store_.reset();
    this->backing_.run_outside("UPDATE izar_state SET value = 3 WHERE name = 'schema'");
    this->open();
    EXPECT_EQ(granted(this->store_->link_metrics()), before);
}

}  // namespace
}  // namespace izar
