#include "tools/controller/own_certificate.h"

#include <gtest/gtest.h>

#include "ctrl/tls/tls_session.h"

namespace izar {
namespace {

using std::chrono::hours;

const WallSeconds kStart{std::chrono::seconds{1'790'000'000}};

// Whether somebody who knows the authority trusts it at that time.
bool is_trusted(const TlsContext& controller, const CertificateAuthority& authority, WallSeconds now) {
    const TlsContext context = *TlsContext::for_joining(*certificate_fingerprint(authority.certificate()));
    TlsSession client(context, now);
    TlsSession server(controller, now);
    std::vector<std::uint8_t> said;
    bool good = client.begin().has_value();
    for (int i = 0; i < 4 && good; ++i) {
        good = server.receive(client.take_output(), said) && client.receive(server.take_output(), said);
    }
    return good && client.established() && server.established();
}

TEST(OwnCertificate, IsMadeAnewBeforeItRunsOut) {
    Instant now{hours{1}};
    WallSeconds today = kStart;
    std::string log;
    const CertificateAuthority authority = *CertificateAuthority::make(kStart);
    const auto loop = std::move(*EventLoop::make([&] { return now; }));
    const auto own = OwnCertificate::make(
        *loop, authority, [&] { return today; }, [&](const std::string& line) { log += line; });
    ASSERT_TRUE(own) << own.error().text;
    const auto pass = [&](hours span) {
        now += span;
        today += span;
        loop->run_once(Nanos{0});
    };
    EXPECT_TRUE(is_trusted((*own)->tls(), authority, today));
    pass(kCertificateLifetime - kRenewalTime - hours{1});
    EXPECT_EQ((*own)->end(), kStart + kCertificateLifetime);
    EXPECT_EQ(log, "");
    pass(hours{1});
    EXPECT_EQ(log, "this controller's certificate is renewed");
    EXPECT_TRUE(is_trusted((*own)->tls(), authority, kStart + kCertificateLifetime + hours{24}));
    for (int i = 0; i < 60; ++i) {
        pass(kCertificateLifetime / 12);
        EXPECT_TRUE(is_trusted((*own)->tls(), authority, today)) << "month " << i;
    }
}

}  // namespace
}  // namespace izar
