#include "tools/controller/own_certificate.h"

#include <utility>

namespace izar {

Result<std::unique_ptr<OwnCertificate>> OwnCertificate::make(EventLoop& loop, const CertificateAuthority& authority,
                                                             std::function<WallSeconds()> wall_clock,
                                                             std::function<void(const std::string&)> log) {
    const WallSeconds now = wall_clock();
    const auto credentials = authority.make_controller(now);
    if (!credentials) {
        return tl::unexpected(credentials.error());
    }
    auto tls = TlsContext::for_controller(*credentials, authority.certificate());
    if (!tls) {
        return tl::unexpected(tls.error());
    }
    std::unique_ptr<OwnCertificate> out(
        new OwnCertificate(loop, authority, std::move(wall_clock), std::move(log), *std::move(tls)));
    out->end_ = now + kCertificateLifetime;
    return out;
}

OwnCertificate::OwnCertificate(EventLoop& loop, const CertificateAuthority& authority,
                               std::function<WallSeconds()> wall_clock, std::function<void(const std::string&)> log,
                               TlsContext tls)
    : authority_(authority),
      wall_clock_(std::move(wall_clock)),
      log_(std::move(log)),
      tls_(std::move(tls)),
      timer_(loop) {
    timer_.start(kLook, [this] { look(); });
}

void OwnCertificate::look() {
    const WallSeconds now = wall_clock_();
    if (now >= end_ - kRenewalTime) {
        const auto renewed = renew(now);
        log_(renewed ? "this controller's certificate is renewed" : renewed.error().text);
    }
    timer_.start(kLook, [this] { look(); });
}

Result<void> OwnCertificate::renew(WallSeconds now) {
    const auto credentials = authority_.make_controller(now);
    if (!credentials) {
        return tl::unexpected(credentials.error());
    }
    if (auto shown = tls_.renew(*credentials); !shown) {
        return shown;
    }
    end_ = now + kCertificateLifetime;
    return {};
}

}  // namespace izar
