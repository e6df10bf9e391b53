#include "tools/agent/agent_options.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "dataplane/base/testing/temporary_folder.h"

namespace izar {
namespace {

const std::string kUsual = "name: ams\naddress: 10.77.0.1\ncontrollers: ['192.0.2.1:7443']\n";

TEST(AgentOptions, JoinNeedsAToken) {
    EXPECT_TRUE(parse_agent_options({"--config", "a.yaml"}));
    EXPECT_TRUE(parse_agent_options({"--config", "a.yaml", "--join", "192.0.2.1:7443", "--token", "t"}));
    EXPECT_FALSE(parse_agent_options({"--config", "a.yaml", "--token", "t"}));
    EXPECT_FALSE(parse_agent_options({"--config", "a.yaml", "--token-file", "t"}));
    EXPECT_FALSE(parse_agent_options({"--config", "a.yaml", "--join", "a:1", "--token", "t", "--token-file", "f"}));
    EXPECT_FALSE(parse_agent_options({}));
    EXPECT_NE(parse_agent_options({"--version"})->message.find("izar-agent"), std::string::npos);
}

TEST(AgentOptions, TheTokenNeedsNotStandOnTheCommandLine) {
    const std::vector<std::string> variable{"HOME=/", "IZAR_JOIN_TOKEN=of-variable"};
    std::istringstream input("of-input\nmore\n");
    const TemporaryFolder folder;
    std::ofstream(folder / "token") << "of-file\n";
    AgentOptions options;
    EXPECT_EQ(join_token(options, variable, input), "of-variable");
    const auto none = join_token(options, {}, input);
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().text.find("--token-file"), std::string::npos) << none.error().text;
    options.token_file = folder / "token";
    EXPECT_EQ(join_token(options, variable, input), "of-file");
    options.token_file = "-";
    EXPECT_EQ(join_token(options, variable, input), "of-input");
    options.token_file = folder / "nowhere";
    EXPECT_FALSE(join_token(options, variable, input)) << "who names a file means it";
    options = {};
    options.token = "of-line";
    EXPECT_EQ(join_token(options, variable, input), "of-line");
}

TEST(AgentConfig, ANameInPlaceOfAControllersAddressIsToldWhatToDo) {
    const auto named = parse_agent_config("name: ams\naddress: 10.77.0.1\ncontrollers: ['localhost:7443']\n", "a", {});
    ASSERT_FALSE(named);
    EXPECT_NE(named.error().text.find("getent hosts localhost"), std::string::npos) << named.error().text;
}

TEST(AgentConfig, ReadsEveryKey) {
    const auto config = parse_agent_config(
        "name: ams\naddress: 10.77.0.1\nstate: /s\nrun: /r\ncontrollers: ['192.0.2.1:7443', '[2001:db8::1]:7443']\n",
        "a", {});
    ASSERT_TRUE(config) << config.error().text;
    EXPECT_EQ(config->name, "ams");
    EXPECT_EQ(config->address.text(), "10.77.0.1");
    EXPECT_EQ(config->folder, "/s");
    EXPECT_EQ(config->run, "/r");
    ASSERT_EQ(config->controllers.size(), 2U);
    EXPECT_EQ(config->controllers[1].text(), "[2001:db8::1]:7443");
    const auto usual = parse_agent_config("name: ams\naddress: 10.77.0.1\ncontrollers: ['192.0.2.1:7443']\n", "a", {});
    ASSERT_TRUE(usual);
    EXPECT_EQ(usual->folder, "/var/lib/izar/ams");
    EXPECT_EQ(usual->run, "/run/izar/ams");
}

TEST(AgentConfig, TheEnvironmentWinsAndADumpReadsBack) {
    const std::vector<std::string> environment{"IZAR_AGENT_CONTROLLERS=192.0.2.2:7443,[2001:db8::1]:7443",
                                               "IZAR_AGENT_ADDRESS=10.77.0.2"};
    auto config = parse_agent_config(kUsual, "a", environment);
    ASSERT_TRUE(config) << config.error().text;
    EXPECT_EQ(config->controllers.size(), 2U);
    EXPECT_EQ(config->address.text(), "10.77.0.2");
    const std::string dump = config_text(agent_keys(*config));
    auto again = parse_agent_config(dump, "dump", {});
    ASSERT_TRUE(again) << again.error().text;
    EXPECT_EQ(config_text(agent_keys(*again)), dump);
}

TEST(AgentConfig, OnlyControllersChangeAtASighup) {
    auto before = parse_agent_config(kUsual, "a", {}).value();
    auto after = parse_agent_config(
        "name: fra\naddress: 10.77.0.2\ncontrollers: ['192.0.2.2:7443']\nstate: /s\nrun: /r\nmetrics: none\n", "a", {});
    ASSERT_TRUE(after);
    const auto changed = [&](bool at_sighup) {
        return changed_keys(agent_keys(before), agent_keys(*after), at_sighup);
    };
    EXPECT_EQ(changed(true), std::vector<std::string>{"controllers"});
    EXPECT_EQ(changed(false), (std::vector<std::string>{"name", "address", "state", "run", "metrics"}));
}

TEST(AgentConfig, WhatIsNeededIsAskedFor) {
    const auto nothing = parse_agent_config("state: /s\n", "agent.yaml", {});
    ASSERT_FALSE(nothing);
    for (const char* const key : {"name: ", "address: ", "controllers: "}) {
        EXPECT_NE(nothing.error().text.find(key), std::string::npos) << nothing.error().text;
    }
}

// The page is generated; where it differs, the failure prints what it should hold.
TEST(AgentConfig, TheReferencePageIsTheListOfKeys) {
    AgentConfig defaults;
    const std::string rows = config_reference(agent_keys(defaults), kAgentPrefix);
    std::ifstream file(std::string(IZAR_SOURCE_ROOT) + "/docs/agent-config.md");
    std::ostringstream page;
    page << file.rdbuf();
    EXPECT_NE(page.str().find(rows), std::string::npos) << rows;
}

TEST(AgentConfig, MistakesNameTheirPlace) {
    const auto wrong =
        parse_agent_config("name: ams\nadress: 10.77.0.1\ncontrollers: ['192.0.2.1']\n", "agent.yaml", {});
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().text.find("agent.yaml:2:1"), std::string::npos) << wrong.error().text;
    EXPECT_NE(wrong.error().text.find("'address'"), std::string::npos) << wrong.error().text;
    EXPECT_NE(wrong.error().text.find("agent.yaml:3:"), std::string::npos) << wrong.error().text;
}

}  // namespace
}  // namespace izar
