#include "tools/agent/agent_options.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

TEST(AgentOptions, JoinNeedsAToken) {
    EXPECT_TRUE(parse_agent_options({"--config", "a.yaml"}));
    EXPECT_TRUE(parse_agent_options({"--config", "a.yaml", "--join", "192.0.2.1:7443", "--token", "t"}));
    EXPECT_FALSE(parse_agent_options({"--config", "a.yaml", "--join", "192.0.2.1:7443"}));
    EXPECT_FALSE(parse_agent_options({"--config", "a.yaml", "--token", "t"}));
    EXPECT_FALSE(parse_agent_options({}));
    EXPECT_NE(parse_agent_options({"--version"})->message.find("izar-agent"), std::string::npos);
}

TEST(AgentConfig, ReadsEveryKey) {
    const auto config = parse_agent_config(
        "name: ams\naddress: 10.77.0.1\nstate: /s\nrun: /r\ncontrollers: ['192.0.2.1:7443', '[2001:db8::1]:7443']\n",
        "a");
    ASSERT_TRUE(config) << config.error().text;
    EXPECT_EQ(config->name, "ams");
    EXPECT_EQ(config->address.text(), "10.77.0.1");
    EXPECT_EQ(config->folder, "/s");
    EXPECT_EQ(config->run, "/r");
    ASSERT_EQ(config->controllers.size(), 2U);
    EXPECT_EQ(config->controllers[1].text(), "[2001:db8::1]:7443");
    const auto usual = parse_agent_config("name: ams\naddress: 10.77.0.1\ncontrollers: ['192.0.2.1:7443']\n", "a");
    ASSERT_TRUE(usual);
    EXPECT_EQ(usual->folder, "/var/lib/izar/ams");
    EXPECT_EQ(usual->run, "/run/izar/ams");
}

TEST(AgentConfig, OnlyControllersCanChangeWithoutARestart) {
    const auto read = [](const std::string& text) { return parse_agent_config(text, "a").value(); };
    const AgentConfig before = read("name: ams\naddress: 10.77.0.1\ncontrollers: ['192.0.2.1:7443']\n");
    const AgentConfig moved = read("name: ams\naddress: 10.77.0.1\ncontrollers: ['192.0.2.2:7443']\n");
    const AgentConfig other = read("name: fra\naddress: 10.77.0.2\ncontrollers: ['192.0.2.1:7443']\n");
    EXPECT_TRUE(keys_for_restart(before, moved).empty());
    EXPECT_EQ(keys_for_restart(before, other), (std::vector<std::string>{"name", "address", "state", "run"}));
}

TEST(AgentConfig, MistakesNameTheirPlace) {
    const auto wrong = parse_agent_config("name: ams\nadress: 10.77.0.1\ncontrollers: ['192.0.2.1']\n", "agent.yaml");
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().text.find("agent.yaml:2:1"), std::string::npos) << wrong.error().text;
    EXPECT_NE(wrong.error().text.find("'address'"), std::string::npos) << wrong.error().text;
    EXPECT_NE(wrong.error().text.find("agent.yaml:3:"), std::string::npos) << wrong.error().text;
}

}  // namespace
}  // namespace izar
