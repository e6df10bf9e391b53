#include "ctrl/tls/certificates.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

const WallSeconds kNow{std::chrono::seconds{1'790'000'000}};

TEST(Certificates, NodeIsNamedByWhoSignsAndNotByWhoAsks) {
    const auto authority = CertificateAuthority::make(kNow);
    const auto request = make_request();
    ASSERT_TRUE(authority && request);
    const auto certificate = authority->sign_node(request->request, NodeId{4711}, kNow);
    ASSERT_TRUE(certificate) << certificate.error().text;
    const auto identity = certificate_identity(*certificate);
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->node, NodeId{4711});
    EXPECT_EQ(identity->key, *request_key(request->request));
    EXPECT_EQ(*certificate_expiry(*certificate), kNow + kCertificateLifetime);
    EXPECT_NE(*certificate_fingerprint(*certificate), *certificate_fingerprint(authority->certificate()));
}

TEST(Certificates, AuthorityIsLoadedAsItWasMade) {
    const auto authority = CertificateAuthority::make(kNow);
    const auto other = CertificateAuthority::make(kNow);
    ASSERT_TRUE(authority && other);
    EXPECT_TRUE(CertificateAuthority::load(authority->credentials()));
    EXPECT_FALSE(CertificateAuthority::load({authority->certificate(), other->credentials().key}));
    const auto node = authority->make_controller(kNow);
    ASSERT_TRUE(node);
    EXPECT_FALSE(CertificateAuthority::load(*node)) << "a controller's certificate signs nothing";
}

TEST(Certificates, ControllerIsNoNode) {
    const auto authority = CertificateAuthority::make(kNow);
    const auto controller = authority->make_controller(kNow);
    ASSERT_TRUE(controller);
    EXPECT_EQ(certificate_identity(controller->certificate)->node, kNoNode);
}

TEST(Certificates, AKeyIsSignedAgain) {
    const auto authority = CertificateAuthority::make(kNow);
    const auto made = make_request();
    ASSERT_TRUE(authority && made);
    const auto again = request_for(made->key);
    ASSERT_TRUE(again) << again.error().text;
    EXPECT_EQ(*request_key(*again), *request_key(made->request));
    EXPECT_TRUE(authority->sign_node(*again, NodeId{7}, kNow));
    EXPECT_FALSE(request_for("no key"));
    EXPECT_FALSE(request_for(made->request));
}

TEST(Certificates, HostileRequestsAreRefused) {
    const auto authority = CertificateAuthority::make(kNow);
    const auto request = make_request();
    ASSERT_TRUE(authority && request);
    std::string damaged = request->request;
    damaged[damaged.size() / 2] = damaged[damaged.size() / 2] == 'A' ? 'B' : 'A';
    const std::string texts[] = {"",
                                 "hello",
                                 damaged,
                                 request->key,
                                 authority->certificate(),
                                 std::string(kLongestPem + 1, 'A'),
                                 request->request.substr(0, 80)};
    for (const std::string& text : texts) {
        EXPECT_FALSE(authority->sign_node(text, NodeId{1}, kNow)) << text;
        EXPECT_FALSE(request_key(text));
    }
}

}  // namespace
}  // namespace izar
