#include "tools/controller/controller_options.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

TEST(ControllerOptions, NeedAConfiguration) {
    EXPECT_TRUE(parse_controller_options({"--config", "a.yaml", "--check"})->check);
    EXPECT_FALSE(parse_controller_options({}));
    EXPECT_FALSE(parse_controller_options({"--config", "a.yaml", "--fly"}));
    EXPECT_NE(parse_controller_options({"--version"})->message.find("izar-controller"), std::string::npos);
}

TEST(ControllerConfig, ReadsEveryKey) {
    const auto config = parse_controller_config("listen: 0.0.0.0:7443\noperator_socket: /r/c.sock\nstate: /s\n", "a");
    ASSERT_TRUE(config) << config.error().text;
    EXPECT_EQ(config->agents.text(), "0.0.0.0:7443");
    EXPECT_EQ(config->operator_socket, "/r/c.sock");
    EXPECT_EQ(config->folder, "/s");
    const auto usual = parse_controller_config("listen: '[::]:7443'\n", "a");
    ASSERT_TRUE(usual);
    EXPECT_EQ(usual->operator_socket, "/run/izar/controller.sock");
}

TEST(ControllerConfig, MistakesNameTheirPlace) {
    const auto wrong = parse_controller_config("listen: 7443\nstat: /s\n", "c.yaml");
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().text.find("c.yaml:1:"), std::string::npos) << wrong.error().text;
    EXPECT_NE(wrong.error().text.find("'state'"), std::string::npos) << wrong.error().text;
}

}  // namespace
}  // namespace izar
