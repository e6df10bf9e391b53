// tls_session.h -- TlsSession: one TLS connection without a socket. Bytes in, bytes out.
//
// The caller moves bytes: what came from the network goes to receive(), what take_output() gives goes to the
// network, after every call. Nothing here waits.
//
// Thread:  one.
// Errors:  a session that returned one is dead; take_output() may still hold the alert that tells the peer why.
// Trusted: established() says that the peer's certificate, if it showed one, is of the authority, in its time and
//          for its role. A controller also has to ask peer(): a node that joins shows none, and whether a node
//          was revoked is not in its certificate.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ctrl/tls/tls_context.h"

namespace izar {

class TlsSession {
  public:
    TlsSession(const TlsContext& context, WallSeconds now);

    // A client's first message; nothing for a controller's side.
    Result<void> begin();
    // Appends to `plaintext` what the bytes decrypt to.
    Result<void> receive(std::span<const std::uint8_t> bytes, std::vector<std::uint8_t>& plaintext);
    // Requires established().
    Result<void> send(std::span<const std::uint8_t> plaintext);

    // Ciphertext for the network since the last call.
    std::vector<std::uint8_t> take_output();

    bool established() const noexcept { return established_; }
    // Requires established().
    PeerIdentity peer() const;

  private:
    Result<void> shake_hands();
    Error error_of(int result) const;

    SessionPointer session_;
    BIO* in_ = nullptr;   // owned by the session
    BIO* out_ = nullptr;  // owned by the session
    bool established_ = false;
};

}  // namespace izar
