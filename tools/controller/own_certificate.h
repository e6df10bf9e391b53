// own_certificate.h -- OwnCertificate: what a controller shows agents and clients, made anew long before it runs out.
//
// Thread: the event loop's. Connections that are there go on.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "ctrl/loop/event_loop.h"
#include "ctrl/tls/certificates.h"
#include "ctrl/tls/tls_context.h"

namespace izar {

class OwnCertificate {
  public:
    static constexpr Nanos kLook = std::chrono::hours{1};  // between two looks whether it is time

    // The authority outlives it.
    static Result<std::unique_ptr<OwnCertificate>> make(EventLoop& loop, const CertificateAuthority& authority,
                                                        std::function<WallSeconds()> wall_clock,
                                                        std::function<void(const std::string&)> log);
    OwnCertificate(const OwnCertificate&) = delete;

    const TlsContext& tls() const noexcept { return tls_; }
    WallSeconds end() const noexcept { return end_; }

  private:
    OwnCertificate(EventLoop& loop, const CertificateAuthority& authority, std::function<WallSeconds()> wall_clock,
                   std::function<void(const std::string&)> log, TlsContext tls);
    void look();
    Result<void> renew(WallSeconds now);

    const CertificateAuthority& authority_;
    std::function<WallSeconds()> wall_clock_;
    std::function<void(const std::string&)> log_;
    TlsContext tls_;
    WallSeconds end_{};
    Timer timer_;
};

}  // namespace izar
