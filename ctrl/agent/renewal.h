// renewal.h -- Renewal: a node's certificate is replaced long before it runs out.
//
// Its key stays, and is signed again over the connection that is there; the next connection shows the new certificate.
// Nodes that joined together do not all ask at once: each begins at a time of its own within kSpread.
//
// Thread: the event loop's. Time is given.
#pragma once

#include <optional>
#include <string>

#include "ctrl/agent/identity.h"
#include "ctrl/tls/tls_context.h"

namespace izar {

class Renewal {
  public:
    static constexpr std::chrono::hours kSpread = kRenewalTime / 4;
    static constexpr Nanos kPause = std::chrono::minutes{1};  // between two requests; an answer may not come

    // Both outlive it. `folder`: of the identity's files.
    Renewal(Identity& identity, TlsContext& tls, std::string folder);

    // What to ask a controller for now; nothing: it is not time. `now` counts pauses, for `wall` may jump: ahead once,
    // and nothing would be asked for until it is there again.
    std::optional<std::string> request(WallSeconds wall, Instant now);
    // What the controller answered: from now on this node's certificate, on disk too. Refused, the one before counts.
    Result<void> take(const std::string& certificate);

  private:
    void plan();

    Identity& identity_;
    TlsContext& tls_;
    std::string folder_;
    WallSeconds due_{};
    std::optional<Instant> asked_;
};

}  // namespace izar
