#include "ctrl/agent/renewal.h"

#include <gtest/gtest.h>

#include <set>

#include "dataplane/base/testing/temporary_folder.h"

namespace izar {
namespace {

using std::chrono::hours;

const WallSeconds kJoined{std::chrono::seconds{1'790'000'000}};
const Instant kNow{hours{1}};  // of the clock that does not jump

Identity identity_of(const CertificateAuthority& authority, NodeId id, WallSeconds now) {
    const CertificateRequest made = *make_request();
    return {id, "ams", "eu", {*authority.sign_node(made.request, id, now), made.key}, authority.certificate()};
}

class RenewalTest : public testing::Test {
  protected:
    TemporaryFolder folder;
    CertificateAuthority authority = *CertificateAuthority::make(kJoined);
    Identity identity = identity_of(authority, NodeId{7}, kJoined);
    TlsContext tls = *TlsContext::for_node(identity.credentials, identity.authority);
    Renewal renewal{identity, tls, folder.path()};
    static constexpr hours kLatest = kCertificateLifetime - kRenewalTime + Renewal::kSpread;
};

TEST_F(RenewalTest, AsksInTimeAndAgainUntilThereIsAnAnswer) {
    EXPECT_FALSE(renewal.request(kJoined, kNow));
    EXPECT_FALSE(renewal.request(kJoined + kCertificateLifetime - kRenewalTime - hours{1}, kNow));
    const WallSeconds due = kJoined + kLatest;
    ASSERT_TRUE(renewal.request(due, kNow));
    EXPECT_FALSE(renewal.request(due, kNow + Renewal::kPause / 2));
    const auto request = renewal.request(due, kNow + Renewal::kPause);
    ASSERT_TRUE(request);
    const auto certificate = authority.sign_node(*request, NodeId{7}, due);
    ASSERT_TRUE(certificate) << certificate.error().text;
    ASSERT_TRUE(renewal.take(*certificate));
    EXPECT_EQ(identity.credentials.certificate, *certificate);
    EXPECT_EQ(*read_whole_file(folder / "node.crt"), *certificate);
    EXPECT_FALSE(renewal.request(due + hours{24}, kNow + hours{24}));
    EXPECT_TRUE(renewal.request(due + kLatest, kNow + kLatest)) << "and once more, when that one comes to its end";
}

TEST_F(RenewalTest, AClockThatWasAheadForAWhileStopsNothing) {
    const WallSeconds ten_years_ahead = kJoined + 10 * hours{24 * 365};
    ASSERT_TRUE(renewal.request(ten_years_ahead, kNow)) << "for all it knows it is late";
    const Instant right_again = kNow + Renewal::kPause;
    EXPECT_FALSE(renewal.request(kJoined, right_again));
    EXPECT_TRUE(renewal.request(kJoined + kLatest, right_again)) << "in its time, as if nothing had been";
}

TEST_F(RenewalTest, TakesOnlyWhatIsOfThisNodeAndKey) {
    const std::string request = *renewal.request(kJoined + kLatest, kNow);
    const std::string before = identity.credentials.certificate;
    const std::string other_node = *authority.sign_node(request, NodeId{8}, kJoined);
    const std::string other_key = identity_of(authority, NodeId{7}, kJoined).credentials.certificate;
    for (const std::string& wrong : {std::string("nonsense"), other_node, other_key}) {
        EXPECT_FALSE(renewal.take(wrong));
    }
    EXPECT_EQ(identity.credentials.certificate, before);
}

TEST_F(RenewalTest, NodesThatJoinedTogetherAskApart) {
    std::set<std::int64_t> begins;
    for (std::uint16_t id = 1; id <= 100; ++id) {
        Identity each = identity;
        each.id = NodeId{id};
        Renewal its(each, tls, folder.path());
        WallSeconds at = kJoined + kCertificateLifetime - kRenewalTime;
        while (!its.request(at, kNow)) {
            at += hours{1};
            ASSERT_LE(at, kJoined + kLatest + hours{1});
        }
        begins.insert((at - kJoined) / hours{24});
    }
    EXPECT_GT(begins.size(), 25U) << "days of about thirty";
}

}  // namespace
}  // namespace izar
