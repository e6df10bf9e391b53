#include "tools/agent/edge_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "ctrl/agent/identity.h"
#include "dataplane/base/testing/temporary_folder.h"
#include "dataplane/config/edge_config.h"
#include "tools/agent/agent_options.h"

namespace izar {
namespace {

const EdgeIdentity kAms{NodeId{3}, "ams", "eu-west", *IpAddress::parse("192.0.2.7"), "/var/lib/izar/ams/link.secrets",
                        ""};

// As an operator writes it before the node has joined.
const std::string kPorts =
    "# ams, rack 7\n"
    "idle: sleep   # it shares its CPU\n"
    "ports:\n"
    "  - {name: wan, device: \"net_af_packet,iface=wan0\", addresses: [192.0.2.7/24]}\n"
    "overlay: {port: wan}  # the only one\n";

std::string filled(const std::string& text, const EdgeIdentity& identity = kAms) {
    const auto out = filled_edge_file(text, "edge.yaml", identity);
    EXPECT_TRUE(out) << out.error().text << "\n" << text;
    return out ? *out : "";
}

// That izar-edge takes it, and who it says that the node is.
void expect_ams(const std::string& text) {
    const auto config = parse_edge_config(text, "edge.yaml");
    ASSERT_TRUE(config) << config.error().text << "\n" << text;
    EXPECT_EQ(config->id, NodeId{3});
    EXPECT_EQ(config->name, "ams");
    EXPECT_EQ(config->secrets_file, "/var/lib/izar/ams/link.secrets");
}

TEST(EdgeFile, SectionsThatAreNotThereComeToTheEnd) {
    const std::string text = filled(kPorts);
    EXPECT_TRUE(text.starts_with(kPorts)) << "nothing of what was there has changed";
    expect_ams(text);
    EXPECT_STREQ(parse_edge_config(text, "e")->nodes.at(0).region, "eu-west");
    EXPECT_EQ(filled(text), text) << "once is enough";
}

TEST(EdgeFile, ValuesChangeInTheirPlaces) {
    const std::string before =
        "node: {id: 1, name: 'old'} # who we are\n"
        "secrets:   # ours\n"
        "  file: \"/etc/izar/secrets\" # 0600\n" +
        kPorts + "nodes:\n  - id: 1      # as above\n    name: old\n    region: eu-west\n    address: 192.0.2.7\n";
    const std::string after =
        "node: {id: 3, name: \"ams\"} # who we are\n"
        "secrets:   # ours\n"
        "  file: \"/var/lib/izar/ams/link.secrets\" # 0600\n" +
        kPorts + "nodes:\n  - id: 3      # as above\n    name: \"ams\"\n    region: eu-west\n    address: 192.0.2.7\n";
    EXPECT_EQ(filled(before), after);
    expect_ams(after);
}

TEST(EdgeFile, MissingKeysOfASectionJoinTheOthers) {
    for (const std::string node : {"node: {name: ams}\n", "node: {}\n", "node:\n  # here\n  name: ams\n",
                                   "node:\n    name: ams # and there\n", "{node: {name: ams}}\n"}) {
        const auto text = filled_edge_file(node, "edge.yaml", kAms);
        if (node.starts_with("{")) {
            EXPECT_FALSE(text) << "nothing can follow the end of such a map";
        } else {
            ASSERT_TRUE(text) << text.error().text;
            expect_ams(*text + kPorts);
        }
    }
}

TEST(EdgeFile, OfAListOfNodesOnlyThisOneChanges) {
    const std::string others =
        "nodes:\n"
        "  - {id: 1, name: par, region: eu-west, address: 192.0.2.8}  # near\n"
        "  - {id: 2, name: ams, region: eu-west, address: 192.0.2.7}\n";
    const std::string text = filled(kPorts + others);
    EXPECT_NE(text.find("192.0.2.8}  # near\n"), std::string::npos);
    expect_ams(text);
    EXPECT_EQ(parse_edge_config(text, "e")->nodes.size(), 2U);
    const auto stranger = filled_edge_file(
        "nodes: [{id: 1, name: par, address: 192.0.2.8}, {id: 2, name: fra, address: 192.0.2.9}]\n", "edge.yaml", kAms);
    ASSERT_FALSE(stranger);
    EXPECT_NE(stranger.error().text.find("edge.yaml:1:8: nodes"), std::string::npos) << stranger.error().text;
}

TEST(EdgeFile, ASocketElsewhereIsNamed) {
    EdgeIdentity elsewhere = kAms;
    elsewhere.control_socket = "/srv/ams/edge.sock";
    EXPECT_EQ(parse_edge_config(filled(kPorts, elsewhere), "e")->control_socket, "/srv/ams/edge.sock");
    EXPECT_EQ(parse_edge_config(filled("control_socket: /x # moved\n" + kPorts, elsewhere), "e")->control_socket,
              "/srv/ams/edge.sock");
    EXPECT_EQ(parse_edge_config(filled("control_socket: /x/edge.sock\n" + kPorts), "e")->control_socket, "/x/edge.sock")
        << "what nobody asked for stays";
}

TEST(EdgeFile, WhatCannotBeChangedSafelyIsRefusedWithTheLinesToWrite) {
    for (const std::string text :
         {"node:\n", "node: [1, ams]\n", "node: {id: 1, name: \"a\\x6ds2\"}\n", "node: {id: 1, name: |\n  old\n }\n",
          "{idle: sleep}\n", "idle: sleep\n...\n", "- a list\n", "just text\n", "secrets: /etc/izar/secrets\n",
          "nodes: 3\n", "node: {id: 1, id: 2}\n", "node: &here {id: 1}\n"}) {
        const auto out = filled_edge_file(text, "edge.yaml", kAms);
        EXPECT_FALSE(out) << text << "became\n" << *out;
    }
    const auto refused = filled_edge_file("node:\n", "edge.yaml", kAms);
    EXPECT_NE(refused.error().text.find("edge.yaml:1:1: node"), std::string::npos) << refused.error().text;
    EXPECT_NE(refused.error().text.find("node: {id: 3, name: \"ams\"}"), std::string::npos) << refused.error().text;
}

TEST(EdgeFile, ANewFileLacksOnlyThePorts) {
    const std::string text = new_edge_file(kAms);
    EXPECT_FALSE(parse_edge_config(text, "e")) << "ports are for an operator to say";
    expect_ams(std::regex_replace(text, std::regex("\n#(?! \\S)"), "\n"));  // its example is one
    EXPECT_EQ(filled(text), text);
}

// The blocks of YAML of docs/control-plane.md, as they stand there: agent.yaml, edge.yaml, and what is added to it.
TEST(EdgeFile, TheExampleOfTheDocumentationIsTrue) {
    std::istringstream page(*read_whole_file(std::string(IZAR_SOURCE_ROOT) + "/docs/control-plane.md"));
    std::vector<std::string> blocks;
    bool inside = false;
    for (std::string line; std::getline(page, line);) {
        if (line.starts_with("```")) {
            inside = line == "```yaml";
            if (inside) {
                blocks.emplace_back();
            }
        } else if (inside) {
            blocks.back() += line + "\n";
        }
    }
    ASSERT_EQ(blocks.size(), 3U);
    const auto agent = parse_agent_config(blocks[0], "agent.yaml", {});
    ASSERT_TRUE(agent) << agent.error().text;
    EXPECT_EQ(agent->address, kAms.address);
    const std::string text = filled(blocks[1]);
    EXPECT_EQ(text, blocks[1] + "\n" + blocks[2]);
    expect_ams(text);
}

TEST(EdgeFile, AFileKeepsItsModeAndItsLink) {
    const TemporaryFolder folder;
    const std::string file = folder / "real.yaml";
    const std::string link = folder / "edge.yaml";
    std::ofstream(file) << kPorts;
    ASSERT_EQ(chmod(file.c_str(), 0640), 0);
    std::filesystem::create_symlink(file, link);
    ASSERT_TRUE(check_edge_file(link, kAms));
    EXPECT_EQ(*read_whole_file(file), kPorts) << "a look changes nothing";
    EXPECT_EQ(fill_edge_file(link, kAms).value(), true);
    EXPECT_EQ(fill_edge_file(link, kAms).value(), false) << "as it was";
    EXPECT_TRUE(std::filesystem::is_symlink(link));
    expect_ams(*read_whole_file(file));
    struct stat status {};
    ASSERT_EQ(stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0640U);
    EXPECT_EQ(fill_edge_file(folder / "new.yaml", kAms).value(), true);
    EXPECT_EQ(*read_whole_file(folder / "new.yaml"), new_edge_file(kAms));
    EXPECT_FALSE(fill_edge_file(folder.path(), kAms)) << "a folder";
}

}  // namespace
}  // namespace izar
