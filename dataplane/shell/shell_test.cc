#include "dataplane/shell/shell.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "dataplane/shell/fake_node.h"

namespace izar {
namespace {

struct ShellTest : testing::Test {
    FakeNode node;
    Shell shell{node, node};

    std::string ok(const std::string& line) {
        const Reply reply = shell.execute(line);
        EXPECT_TRUE(reply.ok) << line << ": " << reply.text;
        return reply.text;
    }
    std::string refused(const std::string& line) {
        const Reply reply = shell.execute(line);
        EXPECT_FALSE(reply.ok) << line << ": " << reply.text;
        return reply.text;
    }
    // All completions that TAB would offer at the end of the line.
    std::set<std::string> completions(const std::string& line) {
        std::set<std::string> out;
        int state = 0;
        char text[256];
        int result = 0;
        while ((result = shell.complete(line.c_str(), &state, text, sizeof text)) == 1) {
            out.insert(std::string(text).substr(0, std::string(text).find(' ')));
        }
        if (result == 2) {
            out.insert(std::string(text));
        }
        return out;
    }
};

TEST_F(ShellTest, ExplainsPathsByPolicy) {
    EXPECT_NE(ok("explain path ams lon").find("policy default"), std::string::npos);
    EXPECT_NE(ok("explain path ams lon policy eu-only").find("policy eu-only"), std::string::npos);
    EXPECT_EQ(nlohmann::json::parse(ok("explain path ams lon policy eu-only json")).at("policy"), "eu-only");
    EXPECT_EQ(nlohmann::json::parse(ok("explain path ams lon json")).at("policy"), "default");
    EXPECT_NE(refused("explain path ams lon eu-only").find("explain path NODE NODE policy POLICY"), std::string::npos);
}

TEST_F(ShellTest, ControlsTheNode) {
    ok("start");
    EXPECT_TRUE(node.forwarding);
    EXPECT_EQ(refused("start"), "forwarding runs already; stop it first\n");
    EXPECT_NE(ok("stop").find("accounted"), std::string::npos);
    EXPECT_FALSE(node.forwarding);
    ok("clear fwd stats all");
    EXPECT_EQ(node.forward_clears, 1);
    ok("clear port stats lan");
    ok("clear port stats all");
    EXPECT_EQ(node.cleared_ports, (std::vector<std::uint16_t>{1, 0, 1}));
    ok("set rewrites 1000");
    EXPECT_EQ(node.rewrites, 1000U);
    EXPECT_EQ(node.quits, 0);
    EXPECT_EQ(ok("quit"), "Bye...\n");
    EXPECT_EQ(node.quits, 1);
}

TEST_F(ShellTest, BlanksAndCommentsAreNothing) {
    EXPECT_EQ(ok(""), "");
    EXPECT_EQ(ok("   \t"), "");
    EXPECT_EQ(ok("# show links"), "");
    EXPECT_NE(ok("  show   links  "), "");
}

TEST_F(ShellTest, WrongInputGetsAHint) {
    EXPECT_EQ(refused("shwo links"), "Command not found: 'shwo'; type help for a list\n");
    const std::string reply = refused("show port stats");
    EXPECT_EQ(reply.find("Bad arguments; did you mean:\n    show port stats PORT [json]"), 0U) << reply;
    EXPECT_EQ(reply.find("show links"), std::string::npos) << reply;
    EXPECT_NE(refused("show link").find("show links [json]"), std::string::npos);
    EXPECT_NE(refused("start now").find("start"), std::string::npos);
    EXPECT_EQ(refused("set rewrites many"), "Bad arguments: 'many' is not a whole number from 0 to 100000\n");
    EXPECT_NE(refused("set rewrites -1"), "");
    EXPECT_NE(refused("set rewrites 100001"), "");
    EXPECT_EQ(node.rewrites, 0U);
    refused("show port stats 9");
    refused("quit json");
    EXPECT_EQ(node.quits, 0);
}

TEST_F(ShellTest, HostileLinesAreRefused) {
    EXPECT_NE(refused(std::string(100'000, 'a')).find("Bad arguments"), std::string::npos);
    EXPECT_NE(refused("show links\nquit").find("Bad arguments"), std::string::npos);
    EXPECT_NE(refused(std::string("show\0links", 10)).find("Bad arguments"), std::string::npos);
    refused("show " + std::string(400, 'x'));
    refused("show \x1b[31m");
    EXPECT_EQ(node.quits, 0);
}

TEST_F(ShellTest, PortsGoByNumberNameOrAll) {
    for (const char* which : {"0", "wan", "all"}) {
        EXPECT_NE(ok(std::string("show port stats ") + which).find("port 0 (wan)"), std::string::npos) << which;
    }
    EXPECT_EQ(ok("show port stats lan").find("port 0"), std::string::npos);
    EXPECT_NE(ok("show port info all").find("Infos for port 1 (lan)"), std::string::npos);
}

TEST_F(ShellTest, EveryShowHasJsonThatNamesNodeAndSecurity) {
    int seen = 0;
    for (const Command& command : all_commands()) {
        std::string line = command.usage;
        if (!command.has_json) {
            continue;
        }
        ++seen;
        if (const auto at = line.find("NODE NODE"); at != std::string::npos) {
            line.replace(at, 9, "ams lon");
        }
        if (const auto at = line.find("PORT"); at != std::string::npos) {
            line.replace(at, 4, "all");
        }
        EXPECT_NE(ok(line), "") << line;
        const std::string text = ok(line + " json");
        const auto json = nlohmann::json::parse(text);
        EXPECT_EQ(json.at("node"), "ams") << line;
        EXPECT_EQ(json.at("security"), "none") << line;
        EXPECT_EQ(text.find('\n'), text.size() - 1) << line;
    }
    EXPECT_GE(seen, 12);
}

TEST_F(ShellTest, HelpListsWhatThereIs) {
    const std::string all = ok("help");
    for (const Command& command : all_commands()) {
        EXPECT_NE(all.find(usage_line(command)), std::string::npos) << command.usage;
    }
    EXPECT_EQ(ok("help display").find("set rewrites"), std::string::npos);
    EXPECT_NE(refused("help nothing").find("help control|display"), std::string::npos);
}

TEST_F(ShellTest, TabCompletes) {
    EXPECT_EQ(completions("sta"), (std::set<std::string>{"rt "}));
    const auto shows = completions("show ");
    for (const char* word :
         {"port", "fwd", "links", "paths", "services", "flows", "drops", "lcores", "rtt", "probes", "config"}) {
        EXPECT_TRUE(shows.contains(word)) << word;
    }
    const auto ports = completions("show port stats ");
    EXPECT_TRUE(ports.contains("lan") && ports.contains("0") && ports.contains("all"));
}

TEST_F(ShellTest, CommandFilesRunToTheEndAndTellTheFirstFailure) {
    const std::string path = testing::TempDir() + "izar_shell_test.commands";
    std::ofstream(path) << "# begin\nstart\nbogus\n\nset rewrites 5\nbogus too\n";
    std::string out;
    const auto result = run_command_file(shell, path, out);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().text, path + ":3: this command failed");
    EXPECT_EQ(node.rewrites, 5U);
    EXPECT_NE(out.find("start\nnode ams (id 1), forwarding"), std::string::npos) << out;
    std::remove(path.c_str());
    EXPECT_FALSE(run_command_file(shell, path, out));
}

}  // namespace
}  // namespace izar
