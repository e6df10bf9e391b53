// A controller that is alone, over its files.
#include "tools/controller/reload.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "ctrl/controller/desired_state.h"
#include "dataplane/base/testing/temporary_folder.h"
#include "sched/policy_file.h"

namespace izar {
namespace {

using Json = nlohmann::json;
using std::chrono::hours;

const WallTime kNow{std::chrono::seconds{1'790'000'000}};

void fill(std::span<std::uint8_t> bytes) {
    std::fill(bytes.begin(), bytes.end(), std::uint8_t{7});
}

class ReloadTest : public testing::Test {
  protected:
    void SetUp() override {
        write("config.yaml", "listen: 127.0.0.1:0\n");
        write("discovery.yaml", "nodes: []\n");
        write("policy.yaml", "policies:\n  - {name: fast}\n");
        config = parse_scheduling_config("listen: 127.0.0.1:0", "config.yaml", {}).value();
        config.state = folder.path();
        environment = {"IZAR_CONTROLLER_STATE=" + folder.path(), "IZAR_POLICY_LAST_MILE_TARGET_CPU_PERCENT=70"};
        start();
    }
    // As the program does.
    void start() {
        reload.reset();
        seat.reset();
        seat = std::make_unique<Seat>(
            LeadParts{*loop, state, config, tls, options.discovery, "policies:\n  - {name: fast}\n", environment, fill,
                      [] { return kNow; }, [](const std::string&) {}},
            nullptr);
        ASSERT_TRUE(seat->start());
        reload = std::make_unique<Reload>(options, config, environment, *seat,
                                          [this](const std::string& line) { log += line + "\n"; });
    }
    void write(const std::string& name, const std::string& text) { std::ofstream(folder / name) << text; }
    Json ask(const std::string& what) {
        Json out;
        seat->answer(Json{{"do", what}}.dump(), [&](const Result<std::string>& result) { out = Json::parse(*result); });
        return out;
    }

    Json events_of_config() {
        Json out = Json::array();
        const Json events = ask("events")["events"];
        for (const Json& event : events) {
            if (event["kind"] == "config") {
                out.push_back(event["text"]);
            }
        }
        return out;
    }

    TemporaryFolder folder;
    ControllerOptions options{
        .config = folder / "config.yaml", .discovery = folder / "discovery.yaml", .policy = folder / "policy.yaml"};
    WallSeconds today = std::chrono::floor<std::chrono::seconds>(kNow);
    ControllerState state = *open_controller_state(folder.path(), today, fill);
    TlsContext tls =
        *TlsContext::for_controller(*state.authority.make_controller(today), state.authority.certificate());
    std::unique_ptr<EventLoop> loop = std::move(*EventLoop::make([] { return Instant{}; }));
    SchedulingConfig config;
    std::vector<std::string> environment;
    std::unique_ptr<Seat> seat;
    std::unique_ptr<Reload> reload;
    std::string log;
};

TEST_F(ReloadTest, EverythingThatCanChangeChangesAndTheRestIsNamed) {
    EXPECT_EQ(ask("config"), (Json{{"name", nullptr},
                                   {"generation", 1},
                                   {"problem", nullptr},
                                   {"needs_restart", Json::array()},
                                   {"read_again_s", nullptr}}));
    write("config.yaml", "listen: 127.0.0.1:9\napi: none\nstore: {keep_samples: 2h}\n");
    write("discovery.yaml", "nodes:\n  - {name: ams-1, region: eu, address: 10.0.0.1}\n");
    reload->act();
    EXPECT_EQ(config.keep_samples, hours{2});
    EXPECT_EQ(config.listen, "127.0.0.1:0") << "in force is what it started with";
    const Json nodes = ask("nodes")["nodes"];
    ASSERT_EQ(nodes.size(), 1U);
    EXPECT_EQ(nodes[0]["name"], "ams-1");
    const Json told = ask("config");
    EXPECT_EQ(told["generation"], 2);
    EXPECT_TRUE(told["problem"].is_null());
    EXPECT_EQ(told["read_again_s"], 1'790'000'000);
    EXPECT_EQ(told["needs_restart"], Json::array({"listen", "api"}));
    EXPECT_NE(log.find("configuration 2 is in force; changed in " + options.config + ": store.keep_samples\n"),
              std::string::npos)
        << log;
    EXPECT_NE(log.find("only after a restart: listen, api\n"), std::string::npos) << log;
    EXPECT_EQ(events_of_config(),
              Json::array({"SIGHUP: configuration 2 is in force; some changed keys need a restart"}));
    write("config.yaml", "listen: 127.0.0.1:0\n");
    reload->act();
    EXPECT_EQ(events_of_config().size(), 2U);
    EXPECT_EQ(ask("config")["needs_restart"], Json::array()) << "as it was";
    EXPECT_EQ(config.keep_samples, SchedulingConfig{}.keep_samples);
}

TEST_F(ReloadTest, OneWrongFileKeepsAllOfThemOut) {
    write("config.yaml", "listen: 127.0.0.1:0\nstore: {keep_samples: 2h}\n");
    write("discovery.yaml", "nodes:\n  - {name: ams-1, region: eu, address: 10.0.0.1}\n");
    write("policy.yaml", "policies:\n  - {nmae: fast}\n");
    reload->act();
    EXPECT_NE(log.find("SIGHUP changes nothing"), std::string::npos) << log;
    EXPECT_NE(log.find("did you mean 'name'?"), std::string::npos) << log;
    EXPECT_EQ(config.keep_samples, SchedulingConfig{}.keep_samples);
    EXPECT_EQ(ask("nodes")["nodes"].size(), 0U);
    EXPECT_EQ(ask("config")["generation"], 1);
    EXPECT_EQ(ask("config")["read_again_s"], 1'790'000'000) << "it was read, if in vain";
    EXPECT_NE(ask("config")["problem"].get<std::string>().find("policy.yaml"), std::string::npos);
    write("policy.yaml", "policies:\n  - {name: fast}\n");
    reload->act();
    EXPECT_EQ(ask("config")["generation"], 2);
    EXPECT_EQ(ask("nodes")["nodes"].size(), 1U);
}

TEST_F(ReloadTest, VariablesStandInThePolicyThatAllNodesAreHanded) {
    write("policy.yaml", "policies:\n  - {name: calm}\nlast_mile: {target_cpu_percent: 50, max_moved_percent: 9}\n");
    reload->act();
    seat.reset();  // a store is one controller's
    const auto store = open_store(config);
    ASSERT_TRUE(store) << store.error().text;
    const auto documents = (*store)->documents().value();
    const auto kept = std::ranges::find(documents, kRoutingPolicyDocument, &Document::name);
    ASSERT_NE(kept, documents.end());
    const auto policies = parse_routing_policy(kept->body, "as a node reads it");
    ASSERT_TRUE(policies) << policies.error().text;
    EXPECT_EQ(policies->list.front().name, "calm");
    EXPECT_EQ(policies->last_mile.target_cpu, 70) << "as the variable says";
    EXPECT_EQ(policies->last_mile.most_moved_percent, 9) << "as the file says";
}

TEST_F(ReloadTest, FilesThatContradictTheStoreChangeNothingAndTheNextStartLeads) {
    write("discovery.yaml",
          "nodes:\n  - {name: ams, region: eu, address: 10.0.0.1}\n  - {name: fra, region: eu, address: 10.0.0.2}\n");
    reload->act();
    ASSERT_EQ(ask("config")["generation"], 2);
    write("config.yaml", "listen: 127.0.0.1:0\nstore: {keep_samples: 2h}\n");
    write("discovery.yaml",
          "domains: [{domain: a.example, origin: 10.0.1.5}]\nnodes: [{name: ams, region: eu, address: 10.0.0.2}]\n");
    log.clear();
    reload->act();
    EXPECT_NE(log.find("SIGHUP changes nothing: "), std::string::npos) << log;
    EXPECT_EQ(config.keep_samples, SchedulingConfig{}.keep_samples);
    const auto told_in_vain = [&] {
        const Json told = ask("config")["problem"];
        return told.is_string() && told.get<std::string>().find("those of node 1 (ams, 10.0.0.1)") != std::string::npos;
    };
    EXPECT_EQ(ask("config")["generation"], 2);
    EXPECT_TRUE(told_in_vain()) << ask("config");
    EXPECT_EQ(ask("domains")["domains"].size(), 0U) << "though its line is good";

    start();
    EXPECT_TRUE(told_in_vain()) << ask("config");
    EXPECT_EQ(ask("nodes")["nodes"].size(), 2U);
    EXPECT_EQ(ask("domains")["domains"].size(), 0U);
    write("discovery.yaml", "domains: [{domain: a.example, origin: 10.0.1.5}]\n");
    reload->act();
    EXPECT_TRUE(ask("config")["problem"].is_null()) << ask("config");
    EXPECT_EQ(ask("domains")["domains"].size(), 1U);
}

}  // namespace
}  // namespace izar
