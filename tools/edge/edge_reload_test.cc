// SIGHUP of an izar-edge over real files; what stands in for the data plane takes the secrets.
#include "tools/edge/edge_reload.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "dataplane/base/testing/temporary_folder.h"
#include "dataplane/config/edge_keys.h"
#include "dataplane/security/secrets.h"

namespace izar {
namespace {

using Strings = std::vector<std::string>;

const std::string kRest =
    "ports:\n  - {name: wan, device: net_null0, addresses: [10.77.0.1/24]}\n"
    "overlay: {port: wan}\nnodes: [{id: 1, name: ams, region: eu, address: 10.77.0.1}]\n";

class EdgeReloadTest : public testing::Test {
  protected:
    void SetUp() override {
        write_secrets("1");
        write(text());
        as_read = load_edge_config(path, environment).value();
    }
    void write(const std::string& edge_yaml) { std::ofstream(path) << edge_yaml; }
    void write_secrets(const std::string& digit) {
        std::string secret;
        for (int i = 0; i < 64; ++i) {
            secret += digit;
        }
        std::ofstream(folder / "secrets") << "fleet " << secret << "\n";
        chmod((folder / "secrets").c_str(), 0600);
    }
    std::string text(const std::string& more = "lcores: 1\n") const {
        return "node: {id: 1, name: ams}\nsecurity: aes-gcm\nsecrets: {file: " + folder / "secrets" + "}\n" + more +
               kRest;
    }
    EdgeReload reload() {
        return EdgeReload({path, environment, as_read,
                           [this]() -> Result<std::string> {
                               auto read = LinkSecrets::load(as_read.secrets_file);
                               if (!read) {
                                   return tl::unexpected(read.error());
                               }
                               secrets.push_back(*std::move(read));
                               return "link secrets are replaced";
                           },
                           [this] { return now; }, [this](const std::string& line) { log += line + "\n"; },
                           [this](const std::string& line) { complaints += line + "\n"; }});
    }

    TemporaryFolder folder;
    const std::string path = folder / "edge.yaml";
    Strings environment;
    EdgeConfig as_read;
    std::chrono::sys_seconds now{std::chrono::seconds{1'790'000'000}};
    std::vector<LinkSecrets> secrets;  // that were put in force, one after the other
    std::string log;
    std::string complaints;
};

TEST_F(EdgeReloadTest, AGoodFileIsTakenUpAndKeysThatWaitAreNamed) {
    EdgeReload edge = reload();
    write_secrets("2");
    const ConfigState& state = edge.act();
    EXPECT_EQ(state.generation, 2U);
    EXPECT_EQ(state.problem, "");
    EXPECT_EQ(state.needs_restart, Strings{});
    EXPECT_EQ(state.read_again, now);
    ASSERT_EQ(secrets.size(), 1U);
    EXPECT_EQ(log, "link secrets are replaced\n");

    write(text("lcores: 2\nlinks: {interval: 20ms}\n"));
    EXPECT_EQ(edge.act().needs_restart, (Strings{"lcores", "links.interval"}));
    EXPECT_EQ(state.generation, 3U);
    EXPECT_EQ(secrets.size(), 2U) << "the rest is taken up";
    EXPECT_NE(log.find("only after a restart: lcores, links.interval\n"), std::string::npos) << log;
    write(text());
    EXPECT_EQ(edge.act().needs_restart, Strings{}) << "as it was";
    EXPECT_EQ(complaints, "");
}

TEST_F(EdgeReloadTest, AMistakeChangesNothingAndIsToldWithItsPlace) {
    EdgeReload edge = reload();
    write(text("lcores: 2\n"));
    ASSERT_EQ(edge.act().generation, 2U);
    now += std::chrono::seconds{60};
    write(text("lcroes: 2\n"));
    write_secrets("3");
    const ConfigState state = edge.act();
    EXPECT_EQ(state.generation, 2U) << "what was in force is";
    EXPECT_NE(state.problem.find("edge.yaml:4:1: "), std::string::npos) << state.problem;
    EXPECT_NE(state.problem.find("did you mean 'lcores'?"), std::string::npos) << state.problem;
    EXPECT_EQ(state.needs_restart, Strings{"lcores"}) << "of the newest file that could be read";
    EXPECT_EQ(state.read_again, now) << "it was read, if in vain";
    EXPECT_EQ(secrets.size(), 1U);
    EXPECT_NE(complaints.find("SIGHUP changes nothing: "), std::string::npos) << complaints;
    write(text());
    EXPECT_EQ(edge.act().problem, "");
    EXPECT_EQ(secrets.size(), 2U);
}

TEST_F(EdgeReloadTest, AMistakeInTheOtherFilesIsToldToo) {
    EdgeReload edge = reload();
    std::ofstream(folder / "secrets") << "fleet 123\n";
    EXPECT_NE(edge.act().problem.find("secrets:1"), std::string::npos);
    EXPECT_NE(complaints.find("link secrets stay as they are: "), std::string::npos) << complaints;
    write_secrets("2");
    write(text("policy: " + folder / "policy.yaml" + "\n"));
    std::ofstream(folder / "policy.yaml") << "policies:\n  - {nmae: fast}\n";
    const ConfigState& state = edge.act();
    EXPECT_NE(state.problem.find("policy.yaml:2"), std::string::npos) << state.problem;
    EXPECT_EQ(state.generation, 1U);
    EXPECT_TRUE(secrets.empty());
}

TEST_F(EdgeReloadTest, WithoutEncryptionThereAreNoSecretsToReplace) {
    write("node: {id: 1, name: ams}\nsecurity: none\n" + kRest);
    as_read = load_edge_config(path, environment).value();
    const ConfigState state = reload().act();
    EXPECT_EQ(state.generation, 2U);
    EXPECT_EQ(state.problem, "");
    EXPECT_TRUE(secrets.empty());
}

}  // namespace
}  // namespace izar
