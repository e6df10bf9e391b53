// certificates.h -- Keys and certificates of the control plane: the authority, controllers and nodes.
//
// One authority signs all. A controller's certificate says serverAuth, a node's clientAuth and "node-ID" as its
// common name; so a node's certificate does not let anybody pose as a controller. Keys are ECDSA over P-256.
//
// Thread: values and functions of their arguments; time is a parameter. Texts are PEM.
// Errors: say what was wrong with the text; a request from the network is hostile until sign_node() took it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/base/types.h"

namespace izar {

using WallSeconds = std::chrono::sys_seconds;
using Fingerprint = std::array<std::uint8_t, 32>;  // SHA-256

inline constexpr std::chrono::hours kAuthorityLifetime{24 * 365 * 20};
inline constexpr std::chrono::hours kCertificateLifetime{24 * 365};
inline constexpr std::chrono::hours kRenewalTime = kCertificateLifetime / 3;  // before its end
inline constexpr std::chrono::hours kClockTolerance{1};  // certificates count from this long before they were signed
inline constexpr std::string_view kControllerHost = "izar-controller";  // for HTTPS clients; nodes ask the authority
inline constexpr std::size_t kLongestPem = 16'384;  // bytes; more is no key, request or certificate of ours

// A certificate and its private key. The key never leaves the machine that made it.
struct Credentials {
    std::string certificate;
    std::string key;
};

// What a node that has no certificate yet sends: its public key, signed by the private one.
struct CertificateRequest {
    std::string request;
    std::string key;
};

// Who a certificate is made out to.
struct PeerIdentity {
    NodeId node = kNoNode;  // kNoNode: no node's certificate was shown
    Fingerprint key{};      // of the public key
    friend bool operator==(const PeerIdentity&, const PeerIdentity&) = default;
};

Result<CertificateRequest> make_request();
// The same for a key that is there.
Result<std::string> request_for(std::string_view key);
// Of the public key in a request that is signed by its own private key.
Result<Fingerprint> request_key(std::string_view request);
// Of a certificate as a whole; what a token names its controller's authority by.
Result<Fingerprint> certificate_fingerprint(std::string_view certificate);
Result<PeerIdentity> certificate_identity(std::string_view certificate);
Result<WallSeconds> certificate_expiry(std::string_view certificate);

class CertificateAuthority {
  public:
    static Result<CertificateAuthority> make(WallSeconds now);
    // The error says so if the key does not belong to the certificate.
    static Result<CertificateAuthority> load(Credentials credentials);

    const Credentials& credentials() const noexcept { return credentials_; }
    const std::string& certificate() const noexcept { return credentials_.certificate; }
    // SHA-256 of the private key as a number, however its file spells it: a secret, to derive others from.
    Fingerprint key_hash() const;

    // A new key with a certificate for a controller.
    Result<Credentials> make_controller(WallSeconds now) const;
    // A certificate for the public key of the request; whatever else the request asks for is ignored.
    Result<std::string> sign_node(std::string_view request, NodeId node, WallSeconds now) const;

  private:
    explicit CertificateAuthority(Credentials credentials) : credentials_(std::move(credentials)) {}
    Credentials credentials_;
};

}  // namespace izar
