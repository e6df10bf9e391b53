// Two sessions that talk in memory: who is trusted, and that bytes arrive as they were sent.
#include "ctrl/tls/tls_session.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace izar {
namespace {

using std::chrono::hours;
using Bytes = std::vector<std::uint8_t>;

const WallSeconds kNow{std::chrono::seconds{1'790'000'000}};

// Two ends and what they said to each other so far.
struct Pair {
    Pair(const TlsContext& client_context, const TlsContext& server_context, WallSeconds now = kNow)
        : client(client_context, now), server(server_context, now) {
        problem(client.begin());
    }
    void problem(const Result<void>& done) {
        if (!done && error.empty()) {
            error = done.error().text;
        }
    }
    // Carries bytes until nobody has any more.
    void settle() {
        for (int quiet = 0; quiet < 2;) {
            const Bytes to_server = client.take_output();
            problem(server.receive(to_server, at_server));
            const Bytes to_client = server.take_output();
            problem(client.receive(to_client, at_client));
            quiet = to_server.empty() && to_client.empty() ? quiet + 1 : 0;
        }
    }
    bool trusted() {
        settle();
        return client.established() && server.established() && error.empty();
    }

    TlsSession client;
    TlsSession server;
    Bytes at_server;
    Bytes at_client;
    std::string error;  // the first
};

class TlsTest : public testing::Test {
  protected:
    CertificateAuthority authority = *CertificateAuthority::make(kNow);
    TlsContext controller = *TlsContext::for_controller(*authority.make_controller(kNow), authority.certificate());

    Credentials node_of(const CertificateAuthority& signer, NodeId id, WallSeconds now = kNow) {
        const CertificateRequest request = *make_request();
        return {*signer.sign_node(request.request, id, now), request.key};
    }
};

TEST_F(TlsTest, NodeAndControllerTrustEachOther) {
    const Credentials credentials = node_of(authority, NodeId{7});
    const TlsContext node = *TlsContext::for_node(credentials, authority.certificate());
    Pair pair(node, controller);
    ASSERT_TRUE(pair.trusted()) << pair.error;
    EXPECT_EQ(pair.server.peer(), *certificate_identity(credentials.certificate));
    EXPECT_EQ(pair.server.peer().node, NodeId{7});

    Bytes sent(1'000'000);
    std::iota(sent.begin(), sent.end(), std::uint8_t{0});
    ASSERT_TRUE(pair.client.send(sent));
    ASSERT_TRUE(pair.server.send(std::span(sent).first(3)));
    pair.settle();
    EXPECT_EQ(pair.at_server, sent);
    EXPECT_EQ(pair.at_client, Bytes(sent.begin(), sent.begin() + 3));
}

TEST_F(TlsTest, JoiningNodeKnowsTheAuthorityByItsFingerprint) {
    const TlsContext joining = *TlsContext::for_joining(*certificate_fingerprint(authority.certificate()));
    Pair pair(joining, controller);
    ASSERT_TRUE(pair.trusted()) << pair.error;
    EXPECT_EQ(pair.server.peer().node, kNoNode);
}

TEST_F(TlsTest, JoiningNodeRefusesAnotherAuthority) {
    const CertificateAuthority other = *CertificateAuthority::make(kNow);
    const TlsContext joining = *TlsContext::for_joining(*certificate_fingerprint(other.certificate()));
    Pair pair(joining, controller);
    EXPECT_FALSE(pair.trusted());
    EXPECT_NE(pair.error.find("refused"), std::string::npos) << pair.error;
}

TEST_F(TlsTest, ForeignCertificatesAreRefusedByBothSides) {
    const CertificateAuthority other = *CertificateAuthority::make(kNow);
    const TlsContext stranger = *TlsContext::for_node(node_of(other, NodeId{7}), authority.certificate());
    EXPECT_FALSE(Pair(stranger, controller).trusted());
    const TlsContext node = *TlsContext::for_node(node_of(authority, NodeId{7}), authority.certificate());
    const TlsContext impostor = *TlsContext::for_controller(*other.make_controller(kNow), other.certificate());
    EXPECT_FALSE(Pair(node, impostor).trusted());
}

TEST_F(TlsTest, CertificatesCountOnlyInTheirTime) {
    const TlsContext node = *TlsContext::for_node(node_of(authority, NodeId{7}), authority.certificate());
    EXPECT_TRUE(Pair(node, controller, kNow + kCertificateLifetime - hours{1}).trusted());
    EXPECT_FALSE(Pair(node, controller, kNow + kCertificateLifetime + hours{1}).trusted());
    Pair too_soon(node, controller, kNow - hours{2});
    EXPECT_FALSE(too_soon.trusted());
    EXPECT_NE(too_soon.error.find("is this machine's clock right?"), std::string::npos) << too_soon.error;
    // Only the node's has run out: the controller notices.
    const Credentials fresh = *authority.make_controller(kNow + kCertificateLifetime);
    const TlsContext later = *TlsContext::for_controller(fresh, authority.certificate());
    Pair pair(node, later, kNow + kCertificateLifetime + hours{1});
    EXPECT_FALSE(pair.trusted());
    EXPECT_NE(pair.error.find("expired"), std::string::npos) << pair.error;
}

TEST_F(TlsTest, ARenewedCertificateIsForLaterSessionsAndLeavesThoseThatRunAlone) {
    const CertificateRequest request = *make_request();
    const auto certified = [&](WallSeconds now) {
        return Credentials{*authority.sign_node(request.request, NodeId{7}, now), request.key};
    };
    TlsContext node = *TlsContext::for_node(certified(kNow), authority.certificate());
    Pair before(node, controller);
    ASSERT_TRUE(before.trusted()) << before.error;
    const WallSeconds later = kNow + kCertificateLifetime - kRenewalTime;
    ASSERT_TRUE(node.renew(certified(later)));
    ASSERT_TRUE(controller.renew(*authority.make_controller(later)));
    ASSERT_TRUE(before.client.send(Bytes(100, 1)));
    ASSERT_TRUE(before.server.send(Bytes(200, 2)));
    before.settle();
    EXPECT_EQ(before.at_server.size() + before.at_client.size(), 300U) << before.error;
    Pair after(node, controller, kNow + kCertificateLifetime + hours{1});
    EXPECT_TRUE(after.trusted()) << after.error;
    EXPECT_EQ(after.server.peer(), before.server.peer());
    const TlsContext joining = *TlsContext::for_joining(*certificate_fingerprint(authority.certificate()));
    Pair newcomer(joining, controller, later);
    EXPECT_TRUE(newcomer.trusted()) << "the authority is presented as before: " << newcomer.error;
}

TEST_F(TlsTest, NodeCannotPoseAsController) {
    const Credentials credentials = node_of(authority, NodeId{7});
    const TlsContext node = *TlsContext::for_node(credentials, authority.certificate());
    const TlsContext impostor = *TlsContext::for_controller(credentials, authority.certificate());
    EXPECT_FALSE(Pair(node, impostor).trusted());
    const TlsContext joining = *TlsContext::for_joining(*certificate_fingerprint(authority.certificate()));
    EXPECT_FALSE(Pair(joining, impostor).trusted());
}

TEST_F(TlsTest, GarbageEndsTheSession) {
    std::mt19937 random{1};
    for (int round = 0; round < 200; ++round) {
        TlsSession server(controller, kNow);
        Bytes garbage(64);
        std::generate(garbage.begin(), garbage.end(), [&] { return static_cast<std::uint8_t>(random()); });
        Bytes plaintext;
        EXPECT_FALSE(server.receive(garbage, plaintext));
        EXPECT_TRUE(plaintext.empty());
        EXPECT_LE(server.take_output().size(), garbage.size()) << "an alert, no amplification";
    }
}

TEST_F(TlsTest, DamagedRecordEndsTheSessionAndYieldsNothing) {
    const TlsContext node = *TlsContext::for_node(node_of(authority, NodeId{7}), authority.certificate());
    Pair pair(node, controller);
    ASSERT_TRUE(pair.trusted()) << pair.error;
    ASSERT_TRUE(pair.client.send(Bytes(100, 1)));
    Bytes record = pair.client.take_output();
    record.back() ^= 1;
    Bytes plaintext;
    EXPECT_FALSE(pair.server.receive(record, plaintext));
    EXPECT_TRUE(plaintext.empty());
}

TEST_F(TlsTest, MismatchedCredentialsAreRefusedAtOnce) {
    Credentials mixed = node_of(authority, NodeId{7});
    mixed.key = node_of(authority, NodeId{8}).key;
    EXPECT_FALSE(TlsContext::for_node(mixed, authority.certificate()));
    EXPECT_FALSE(TlsContext::for_node(node_of(authority, NodeId{7}), "no certificate"));
}

}  // namespace
}  // namespace izar
