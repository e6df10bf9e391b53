#include "ctrl/agent/pending_key.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "ctrl/agent/identity.h"
#include "ctrl/tls/tls_context.h"
#include "dataplane/base/testing/temporary_folder.h"

namespace izar {
namespace {

TEST(PendingKey, IsTheSameForTheSameTokenUntilTheNodeHasJoined) {
    const TemporaryFolder folder;
    const auto first = pending_request(folder.path(), "token one");
    ASSERT_TRUE(first) << first.error().text;
    const auto again = pending_request(folder.path(), "token one");
    ASSERT_TRUE(again) << again.error().text;
    EXPECT_EQ(first->key, again->key);
    EXPECT_EQ(request_key(first->request).value(), request_key(again->request).value());
    struct stat status {};
    ASSERT_EQ(stat((folder / "node.key.pending").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    EXPECT_EQ(read_whole_file(folder / "node.key.pending")->find("token one"), std::string::npos);

    EXPECT_NE(pending_request(folder.path(), "token two")->key, first->key) << "another join";
    ASSERT_TRUE(save_identity(folder.path(), Identity{}));
    EXPECT_FALSE(read_whole_file(folder / "node.key.pending"));
}

TEST(PendingKey, ADamagedFileIsMadeAnew) {
    const TemporaryFolder folder;
    const auto first = pending_request(folder.path(), "token");
    ASSERT_TRUE(first);
    const std::string text = *read_whole_file(folder / "node.key.pending");
    ASSERT_TRUE(replace_file(folder / "node.key.pending", text.substr(0, text.size() - 100)));
    const auto again = pending_request(folder.path(), "token");
    ASSERT_TRUE(again) << again.error().text;
    EXPECT_NE(again->key, first->key);
}

// What the controller then finds: one node, whose token is used once.
TEST(PendingKey, TheKeyFitsItsRequest) {
    const WallSeconds now{std::chrono::seconds{1'790'000'000}};
    const TemporaryFolder folder;
    ASSERT_TRUE(pending_request(folder.path(), "token"));
    const auto kept = pending_request(folder.path(), "token");
    ASSERT_TRUE(kept);
    const auto authority = CertificateAuthority::make(now);
    const auto certificate = authority->sign_node(kept->request, NodeId{7}, now);
    ASSERT_TRUE(certificate) << certificate.error().text;
    EXPECT_TRUE(TlsContext::for_node({*certificate, kept->key}, authority->certificate()));
}

}  // namespace
}  // namespace izar
