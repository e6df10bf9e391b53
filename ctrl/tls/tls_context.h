// tls_context.h -- TlsContext: who we are and whom we trust, shared by all sessions of one side.
//
// TLS 1.3 only, no tickets, no early data: every session is a full handshake, so a certificate that was revoked
// or ran out is never resumed past. Time is asked of the caller for each session.
//
// Thread: one; sessions keep what they began with.
#pragma once

#include <memory>
#include <string>

#include "ctrl/tls/certificates.h"
#include "ctrl/tls/openssl_types.h"

namespace izar {

class TlsContext {
  public:
    // Accepts clients with a certificate of the authority and clients without any (a node that joins).
    static Result<TlsContext> for_controller(const Credentials& own, const std::string& authority);
    // Talks to controllers of the authority.
    static Result<TlsContext> for_node(const Credentials& own, const std::string& authority);
    // Has no certificate yet, and knows of the authority only what the token says.
    static Result<TlsContext> for_joining(const Fingerprint& authority);

    // Who we are from now on: sessions that run go on as they are, later ones show the new certificate.
    Result<void> renew(const Credentials& own) { return present(own); }

    SSL_CTX* get() const noexcept { return context_.get(); }
    bool is_server() const noexcept { return server_; }

  private:
    TlsContext(ContextPointer context, bool server) : context_(std::move(context)), server_(server) {}
    static Result<TlsContext> make(bool server);
    static Result<TlsContext> make_known(bool server, const Credentials& own, const std::string& authority);
    Result<void> present(const Credentials& own);
    Result<void> trust(const std::string& authority);

    ContextPointer context_;
    bool server_;
    std::unique_ptr<Fingerprint> pinned_;  // the verification callback's argument
};

}  // namespace izar
