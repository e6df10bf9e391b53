#include "ctrl/agent/identity.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>

#include "dataplane/base/testing/temporary_folder.h"
#include "dataplane/security/secrets.h"

namespace izar {
namespace {

const WallSeconds kNow{std::chrono::seconds{1'790'000'000}};

class IdentityTest : public testing::Test {
  protected:
    TemporaryFolder folder;
};

TEST_F(IdentityTest, IsLoadedAsItWasSavedAndItsKeyIsPrivate) {
    const CertificateAuthority authority = *CertificateAuthority::make(kNow);
    const CertificateRequest request = *make_request();
    Identity identity;
    identity.id = NodeId{7};
    identity.name = "ams";
    identity.region = "eu-west";
    identity.credentials = {*authority.sign_node(request.request, NodeId{7}, kNow), request.key};
    identity.authority = authority.certificate();
    ASSERT_TRUE(save_identity(folder.path(), identity));
    const auto back = load_identity(folder.path());
    ASSERT_TRUE(back) << back.error().text;
    EXPECT_EQ(back->id, NodeId{7});
    EXPECT_EQ(back->name, "ams");
    EXPECT_EQ(back->region, "eu-west");
    EXPECT_EQ(back->credentials.key, identity.credentials.key);
    EXPECT_EQ(back->authority, identity.authority);
    struct stat status {};
    ASSERT_EQ(stat((folder / "node.key").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(IdentityTest, NodeThatHasNotJoinedIsToldWhatToDo) {
    const auto identity = load_identity(folder.path());
    ASSERT_FALSE(identity);
    EXPECT_NE(identity.error().text.find("--join"), std::string::npos);
}

TEST_F(IdentityTest, StaticDataSurvivesAndDamageIsNoData) {
    StaticData data;
    data.version = 12;
    FleetNode& node = data.nodes[NodeId{3}];
    node.id = NodeId{3};
    node.overlay_address = *IpAddress::parse("10.0.0.3");
    std::strcpy(node.name, "fra");
    std::strcpy(node.region, "eu");
    data.secrets[NodeId{3}] = LinkSecret{9};
    data.former_secrets[NodeId{3}] = LinkSecret{8};
    data.store = 5;
    Identity self;
    self.id = NodeId{1};
    ASSERT_TRUE(save_static_data(folder.path(), self, data));
    const StaticData back = load_static_data(folder.path(), self);
    EXPECT_EQ(back.store, 5U);
    EXPECT_EQ(back.version, 12U);
    EXPECT_NE(read_whole_file(folder / "link.secrets")->find("\nlink 1 3 0900"), std::string::npos);
    const auto both = LinkSecrets::load(folder / "link.secrets");
    ASSERT_TRUE(both) << both.error().text;
    EXPECT_EQ(both->of(NodeId{1}, NodeId{3}).count, 2U) << "the newer one first, as it stands in the file";
    EXPECT_STREQ(back.nodes.at(NodeId{3}).name, "fra");
    EXPECT_EQ(back.secrets.at(NodeId{3}), LinkSecret{9});
    EXPECT_EQ(back.former_secrets.at(NodeId{3}), LinkSecret{8});
    ASSERT_TRUE(replace_file(folder / "static.data", "damaged"));
    EXPECT_EQ(load_static_data(folder.path(), self).version, 0U);
    EXPECT_EQ(load_static_data(folder / "nowhere", self).version, 0U);
}

// A revoked machine that joins again in the same folder is another node: the secrets of its links are others.
TEST_F(IdentityTest, StaticDataOfAFormerIdentityIsNotTaken) {
    Identity former;
    former.id = NodeId{1};
    former.authority = CertificateAuthority::make(kNow)->certificate();
    StaticData data;
    data.version = 12;
    ASSERT_TRUE(save_static_data(folder.path(), former, data));
    EXPECT_EQ(load_static_data(folder.path(), former).version, 12U);
    Identity again = former;
    again.id = NodeId{2};
    EXPECT_EQ(load_static_data(folder.path(), again).version, 0U);
    Identity elsewhere = former;
    elsewhere.authority = CertificateAuthority::make(kNow)->certificate();
    EXPECT_EQ(load_static_data(folder.path(), elsewhere).version, 0U) << "another fleet's node of the same id";
    ASSERT_TRUE(save_identity(folder.path(), again));
    EXPECT_FALSE(read_whole_file(folder / "static.data"));
}

}  // namespace
}  // namespace izar
