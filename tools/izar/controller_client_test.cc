#include "tools/izar/controller_client.h"

#include <gtest/gtest.h>

#include "ctrl/loop/sockets.h"
#include "dataplane/base/testing/temporary_folder.h"

namespace izar {
namespace {

TEST(TargetSocket, IsTheControllersOrTheNodesAgents) {
    const TemporaryFolder run;
    EXPECT_EQ(target_socket({.socket = "/elsewhere"}, run.path()), "/elsewhere");
    const auto nobody = target_socket({}, run.path());
    ASSERT_FALSE(nobody);
    EXPECT_NE(nobody.error().text.find("--api"), std::string::npos) << nobody.error().text;
    const auto ams = listen_unix(run / "ams/agent.sock");
    ASSERT_TRUE(ams);
    EXPECT_EQ(target_socket({}, run.path()), run / "ams/agent.sock") << "no controller runs here";
    const auto controller = listen_unix(run / "controller.sock");
    ASSERT_TRUE(controller);
    EXPECT_EQ(target_socket({}, run.path()), run / "controller.sock");
    EXPECT_EQ(target_socket({.local = true}, run.path()), run / "ams/agent.sock");
    const auto fra = listen_unix(run / "fra/agent.sock");
    ASSERT_TRUE(fra);
    EXPECT_FALSE(target_socket({.local = true}, run.path())) << "which of the two?";
    EXPECT_EQ(target_socket({.local = true, .node = "fra"}, run.path()), run / "fra/agent.sock");
}

TEST(ApiPlace, HasThePortOfTheApiUnlessOneIsTold) {
    EXPECT_EQ(api_place("192.0.2.1"), "192.0.2.1:7444");
    EXPECT_EQ(api_place("controller.example"), "controller.example:7444");
    EXPECT_EQ(api_place("192.0.2.1:8444"), "192.0.2.1:8444");
    EXPECT_EQ(api_place("2001:db8::1"), "[2001:db8::1]:7444");
    EXPECT_EQ(api_place("[2001:db8::1]"), "[2001:db8::1]:7444");
    EXPECT_EQ(api_place("[2001:db8::1]:8444"), "[2001:db8::1]:8444");
}

TEST(Watched, LooksOnceUnlessToldToWatch) {
    int looks = 0;
    EXPECT_EQ(watched({}, [&] { return ++looks; }), 1);
    EXPECT_EQ(looks, 1);
}

TEST(Table, HasTheColumnsThatSomeRowHas) {
    const nlohmann::json rows = {{{"id", 1}, {"name", "ams"}}, {{"id", 12}, {"name", nullptr}}};
    EXPECT_EQ(table_text(rows, {"id", "name", "drained"}), "id  name\n1   ams\n12  -\n");
    EXPECT_EQ(table_text(nlohmann::json::array(), {"id", "name"}), "id  name\n");
}

TEST(Table, TellsOriginsAndVipsAtNodesAsOptionsGiveThem) {
    EXPECT_EQ(cell({{{"address", "10.2.0.10"}, {"port", 8080}, {"weight", 1}}}), "10.2.0.10:8080");
    const nlohmann::json ams = {{"node", "ams"}, {"address", "192.0.2.80"}};
    const nlohmann::json fra = {{"node", "fra"}, {"address", "fd00::80"}};
    EXPECT_EQ(cell(nlohmann::json::array({ams, fra})), "ams=192.0.2.80,fra=fd00::80");
    EXPECT_EQ(cell(nlohmann::json::array()), "-");
}

}  // namespace
}  // namespace izar
