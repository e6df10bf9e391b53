// SIGHUP of a real agent that has a controller.
#include "tools/agent/agent_reload.h"

#include <fstream>

#include "ctrl/agent/testing/agent_fleet.h"

namespace izar {
namespace {

using Json = nlohmann::json;

class AgentReloadTest : public AgentFleetTest {
  protected:
    void write(const std::string& text) { std::ofstream(folder / "agent.yaml") << text; }
    std::string list_of(const std::string& name) const {
        return "name: " + name + "\naddress: 192.0.2.1\ncontrollers: [" + address.text() + "]\n";
    }
};

TEST_F(AgentReloadTest, OperatorsHearWhatCameOfIt) {
    TestNode& ams = add_node("ams");
    const auto told = [&] { return Json::parse(ams.agent->answer(R"({"do": "config"})").value()); };
    ASSERT_TRUE(run_until([&] { return ams.agent->connected(); })) << log;
    EXPECT_EQ(told(), (Json{{"name", "ams"},
                            {"generation", 1},
                            {"problem", nullptr},
                            {"needs_restart", Json::array()},
                            {"read_again_s", nullptr},
                            {"edge", nullptr}}));
    write(list_of("ams"));
    AgentConfig config = load_agent_config(folder / "agent.yaml", {}).value();
    AgentReload reload(folder / "agent.yaml", {}, config, *ams.agent,
                       [this](const std::string& line) { log += line + "\n"; });

    write(list_of("ams") + "run: /somewhere/else\n");
    reload.act();
    EXPECT_EQ(told()["generation"], 2);
    EXPECT_EQ(told()["needs_restart"], Json::array({"run"}));
    EXPECT_TRUE(told()["problem"].is_null());
    EXPECT_EQ(told()["read_again_s"], clock.wall_seconds().time_since_epoch().count());
    EXPECT_NE(log.find("only after a restart: run"), std::string::npos) << log;

    clock.skip_wall(std::chrono::hours{1});
    write("nmae: ams\n");
    reload.act();
    EXPECT_EQ(told()["generation"], 2) << "what was in force is";
    EXPECT_NE(told()["problem"].get<std::string>().find("agent.yaml:1"), std::string::npos) << told();
    EXPECT_EQ(told()["read_again_s"], clock.wall_seconds().time_since_epoch().count());
    EXPECT_EQ(config.controllers.size(), 1U);

    write(list_of("ams"));
    reload.act();
    EXPECT_EQ(told()["generation"], 3);
    EXPECT_TRUE(told()["problem"].is_null());
    EXPECT_EQ(told()["needs_restart"], Json::array());
    EXPECT_TRUE(ams.agent->connected()) << "to the controller that is still listed";
}

TEST_F(AgentReloadTest, OperatorsHearOfIzarEdgeTooWhileItRuns) {
    TestNode& ams = add_node("ams");
    const auto told = [&] { return Json::parse(ams.agent->answer(R"({"do": "config"})").value())["edge"]; };
    ConfigState state;
    ams.edge->set_config_state(state);
    ASSERT_TRUE(run_until([&] { return !told().is_null(); }));
    EXPECT_EQ(
        told(),
        (Json{{"generation", 1}, {"problem", nullptr}, {"needs_restart", Json::array()}, {"read_again_s", nullptr}}));
    state = {.generation = 2,
             .problem = std::string(3'000, 'x'),
             .needs_restart = {"lcores", "ports"},
             .read_again = std::chrono::sys_seconds{std::chrono::seconds{1'790'000'000}}};
    ams.edge->set_config_state(state);
    ASSERT_TRUE(run_until([&] { return told()["generation"] == 2; }));
    EXPECT_EQ(told()["problem"], state.problem);
    EXPECT_EQ(told()["needs_restart"], (Json{"lcores", "ports"}));
    EXPECT_EQ(told()["read_again_s"], 1'790'000'000);
    nodes.front()->edge_runs = false;
    ASSERT_TRUE(run_until([&] { return told().is_null(); })) << "nobody knows what it would say now";
}

}  // namespace
}  // namespace izar
