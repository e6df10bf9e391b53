#include "ctrl/agent/renewal.h"

#include <utility>

namespace izar {
namespace {

// A fixed place between 0 and 1 for each node, far from that of the next one.
double place_of(NodeId node) {
    return static_cast<double>(static_cast<std::uint32_t>(raw(node)) * 2'654'435'761U) / 0x1p32;
}

}  // namespace

Renewal::Renewal(Identity& identity, TlsContext& tls, std::string folder)
    : identity_(identity), tls_(tls), folder_(std::move(folder)) {
    plan();
}

void Renewal::plan() {
    const auto end = certificate_expiry(identity_.credentials.certificate);
    const auto spread = std::chrono::floor<std::chrono::seconds>(
        std::chrono::duration<double, std::ratio<3'600>>(kSpread) * place_of(identity_.id));
    due_ = end ? *end - kRenewalTime + spread : WallSeconds::max();  // one that says no end is nobody's
}

std::optional<std::string> Renewal::request(WallSeconds wall, Instant now) {
    if (wall < due_ || (asked_ && now - *asked_ < kPause)) {
        return std::nullopt;
    }
    asked_ = now;
    const auto made = request_for(identity_.credentials.key);
    return made ? std::optional(*made) : std::nullopt;
}

Result<void> Renewal::take(const std::string& certificate) {
    const auto ours = certificate_identity(identity_.credentials.certificate);
    const auto theirs = certificate_identity(certificate);
    const auto ends = certificate_expiry(certificate);
    if (!ours || !theirs || !ends || *theirs != *ours) {
        return fail("the controller's new certificate is not of this node and its key; the one before counts");
    }
    if (auto saved = replace_file(folder_ + "/node.crt", certificate); !saved) {
        return saved;
    }
    identity_.credentials.certificate = certificate;
    plan();
    return tls_.renew(identity_.credentials);
}

}  // namespace izar
