// Over a real controller and SQLite store: what stands in the tables of measurements is told, whoever wrote it.
#include "ctrl/controller/measured_lists.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "ctrl/controller/operator_commands.h"
#include "ctrl/store/testing/test_store.h"
#include "ctrl/store/token.h"

namespace izar {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

const WallTime kNow{seconds{1'790'000'000}};

class MeasuredListsTest : public testing::Test {
  protected:
    void SetUp() override {
        loop = std::move(*EventLoop::make([] { return Instant{}; }));
        store = std::move(*backing.open({}));
        controller = std::make_unique<Controller>(ControllerParts{*loop, *store, authority, tls, MasterSecret{1},
                                                                  [] { return kNow; }, [](const std::string&) {}});
        commands = std::make_unique<OperatorCommands>(*controller, [](std::span<std::uint8_t>) {});
        join("ams", 1);
        join("fra", 2);
    }
    void join(const std::string& name, std::uint8_t number) {
        TokenRandom random{};
        random[0] = number;
        const std::string token = new_token(random);
        granted(store->create_token(token, TokenSpec{"eu", std::chrono::hours{1}, 1}, kNow));
        granted(
            store->join({token, name, *IpAddress::parse("10.0.0." + std::to_string(number)), Digest{number}}, kNow));
        ASSERT_TRUE(controller->refresh());
    }
    Json ask(const Json& request) {
        const auto answer = commands->answer(request.dump());
        EXPECT_TRUE(answer) << request << ": " << (answer ? "" : answer.error().text);
        return answer ? Json::parse(*answer) : Json();
    }
    OperatorFault fault(const Json& request) {
        const auto answer = commands->answer(request.dump());
        EXPECT_FALSE(answer) << request;
        return answer ? OperatorFault::later : answer.error().fault;
    }

    SqliteTestStore backing;
    CertificateAuthority authority = *CertificateAuthority::make(std::chrono::floor<seconds>(kNow));
    TlsContext tls = *TlsContext::for_controller(*authority.make_controller(std::chrono::floor<seconds>(kNow)),
                                                 authority.certificate());
    std::unique_ptr<EventLoop> loop;
    std::unique_ptr<Store> store;
    std::unique_ptr<Controller> controller;
    std::unique_ptr<OperatorCommands> commands;
};

SystemInfo sample(const std::string& ip, WallTime at) {
    SystemInfo s;
    s.ip = ip;
    s.cpu_cores = 8;
    s.cpu_model_name = "Xeon";
    s.cpu_usage = 12.5;
    s.memory_total = 1'000;
    s.memory_available = 250;
    s.memory_used = 750;
    s.memory_used_percent = 75;
    s.hostname = "h";
    s.timestamp = at;
    return s;
}

TEST_F(MeasuredListsTest, SystemTellsEveryColumnWithUnitsAndNullWhereNothingWasMeasured) {
    granted(store->write_system_info(
        std::vector{sample("10.0.0.1", kNow - seconds{65}), sample("10.0.0.1", kNow - seconds{5})}, kNow));
    const Json rows = ask({{"do", "system"}})["system"];
    ASSERT_EQ(rows.size(), 1U) << "the newest of a node";
    const Json& row = rows[0];
    EXPECT_EQ(row.size(), 31U) << "the 29 columns that are measured, node and age: " << row;
    EXPECT_EQ(row["node"], "ams");
    EXPECT_EQ(row["age_s"], 5);
    EXPECT_EQ(row["cpu_percent"], 12.5);
    EXPECT_EQ(row["memory_used_percent"], 75.0);
    for (const char* const unread :
         {"cpu_mhz", "cpu_cache_kib", "disk_device", "disk_total_bytes", "network_sent_bytes", "os", "uptime_s"}) {
        EXPECT_TRUE(row.at(unread).is_null()) << unread;
    }
}

TEST_F(MeasuredListsTest, ANodeIsMeantByNameIdOrAddressAndOneThatIsNotThereIsMissing) {
    granted(store->write_system_info(
        std::vector{sample("10.0.0.1", kNow), sample("10.0.0.2", kNow), sample("10.9.9.9", kNow)}, kNow));
    EXPECT_EQ(ask({{"do", "system"}})["system"].size(), 3U);
    for (const Json& name : {Json("fra"), Json(2), Json("10.0.0.2")}) {
        const Json rows = ask({{"do", "system"}, {"node", name}})["system"];
        ASSERT_EQ(rows.size(), 1U) << name;
        EXPECT_EQ(rows[0]["node"], "fra");
    }
    EXPECT_TRUE(ask({{"do", "system"}, {"node", "10.9.9.9"}})["system"][0]["node"].is_null()) << "imported, no node";
    EXPECT_EQ(fault({{"do", "system"}, {"node", "nowhere"}}), OperatorFault::missing);
    EXPECT_EQ(fault({{"do", "metrics"}, {"node", "nowhere"}}), OperatorFault::missing);
}

TEST_F(MeasuredListsTest, ProbesAreTheNewestOfEachPairAndOfARegionIfOneIsNamed) {
    granted(store->write_region_probes(std::vector<RegionProbe>{
        {"10.0.0.1", "eu", "10.0.0.2", "eu", 40, kNow - seconds{9}},
        {"10.0.0.1", "eu", "10.0.0.2", "eu", 41, kNow - seconds{4}},
        {"10.0.0.1", "eu", "10.2.0.10", "origin", 7, kNow - seconds{3}},
        {"10.8.0.1", "us", "10.8.0.2", "ap", 120, kNow - std::chrono::hours{30}},
    }));
    const Json rows = ask({{"do", "probes"}})["probes"];
    ASSERT_EQ(rows.size(), 3U) << rows;
    EXPECT_EQ(rows[0]["to_address"], "10.2.0.10") << "the newest first";
    EXPECT_EQ(rows[1]["tcp_delay_ms"], 41);
    EXPECT_EQ(rows[1]["from"], "ams");
    EXPECT_EQ(rows[1]["to"], "fra");
    EXPECT_EQ(rows[2]["age_s"], 30 * 3'600) << "an imported one tells its age";
    EXPECT_TRUE(rows[2]["from"].is_null());
    EXPECT_EQ(ask({{"do", "probes"}, {"region", "ap"}})["probes"].size(), 1U);
    EXPECT_EQ(ask({{"do", "probes"}, {"region", "eu"}})["probes"].size(), 2U);
}

TEST_F(MeasuredListsTest, MetricsTellQueuesAndCapacityOfWhatWasMeasured) {
    granted(store->write_link_metrics(
        std::vector<LinkMetric>{{"10.0.0.1", "10.0.0.2", 45.5, 20, 4, 0.5, 0.25, 3'000, kNow - seconds{5}},
                                {"10.0.0.2", "10.0.0.1", 46, 0, 0, 0, 0, std::nullopt, kNow}},
        {}));
    const Json rows = ask({{"do", "metrics"}})["metrics"];
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0]["rtt_ms"], 45.5);
    EXPECT_EQ(rows[0]["queue_cpu_mean"], 0.5);
    EXPECT_EQ(rows[0]["capacity_mbit_per_s"], 3'000);
    EXPECT_EQ(rows[0]["age_s"], 5);
    EXPECT_TRUE(rows[1]["capacity_mbit_per_s"].is_null());
    EXPECT_TRUE(rows[1]["cpu_mean_percent"].is_null()) << "nothing is known of the far node's CPU";
    EXPECT_EQ(ask({{"do", "metrics"}, {"node", "fra"}})["metrics"].size(), 1U);
}

}  // namespace
}  // namespace izar
