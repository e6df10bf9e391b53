#include "ctrl/tls/tls_session.h"

#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <chrono>

#include "dataplane/base/check.h"

namespace izar {
namespace {

// A memory BIO keeps all the memory it once needed, and idle connections are many: one that needed more is replaced.
constexpr std::size_t kKeptBytes = 4'096;
constexpr std::size_t kRecordBytes = 16'384;  // the most one TLS record decrypts to, RFC 8446 section 5.1

BIO* new_bio() {
    BIO* const out = BIO_new(BIO_s_mem());
    CHECK(out != nullptr);
    return out;
}

void set_time(SSL* session, WallSeconds now) {
    X509_VERIFY_PARAM_set_time(SSL_get0_param(session), std::chrono::system_clock::to_time_t(now));
}

}  // namespace

TlsSession::TlsSession(const TlsContext& context, WallSeconds now)
    : session_(SSL_new(context.get())), in_(new_bio()), out_(new_bio()) {
    CHECK(session_ != nullptr);
    SSL_set_bio(session_.get(), in_, out_);
    set_time(session_.get(), now);
    if (context.is_server()) {
        SSL_set_accept_state(session_.get());
    } else {
        SSL_set_connect_state(session_.get());
    }
}

Result<void> TlsSession::begin() {
    return shake_hands();
}

Result<void> TlsSession::shake_hands() {
    ERR_clear_error();
    const int result = SSL_do_handshake(session_.get());
    if (result == 1) {
        established_ = true;
        return {};
    }
    if (SSL_get_error(session_.get(), result) == SSL_ERROR_WANT_READ) {
        return {};
    }
    return tl::unexpected(error_of(result));
}

Error TlsSession::error_of(int result) const {
    const long verified = SSL_get_verify_result(session_.get());
    if (verified != X509_V_OK) {
        ERR_clear_error();
        const bool by_time = verified == X509_V_ERR_CERT_HAS_EXPIRED || verified == X509_V_ERR_CERT_NOT_YET_VALID;
        return {fmt::format("the peer's certificate is refused: {}{}", X509_verify_cert_error_string(verified),
                            by_time ? "; is this machine's clock right?" : "")};
    }
    if (SSL_get_error(session_.get(), result) == SSL_ERROR_ZERO_RETURN) {
        return {"the peer ended the session"};
    }
    return {fmt::format("TLS failed: {}", openssl_reason())};
}

Result<void> TlsSession::receive(std::span<const std::uint8_t> bytes, std::vector<std::uint8_t>& plaintext) {
    BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
    if (!established_) {
        if (auto done = shake_hands(); !done || !established_) {
            return done;
        }
    }
    std::array<std::uint8_t, kRecordBytes> record{};
    while (true) {
        ERR_clear_error();
        const int length = SSL_read(session_.get(), record.data(), static_cast<int>(record.size()));
        if (length > 0) {
            plaintext.insert(plaintext.end(), record.begin(), record.begin() + length);
            continue;
        }
        if (SSL_get_error(session_.get(), length) == SSL_ERROR_WANT_READ) {
            break;
        }
        return tl::unexpected(error_of(length));
    }
    if (bytes.size() > kKeptBytes && BIO_ctrl_pending(in_) == 0) {
        in_ = new_bio();
        SSL_set0_rbio(session_.get(), in_);
    }
    return {};
}

Result<void> TlsSession::send(std::span<const std::uint8_t> plaintext) {
    CHECK(established_);
    if (plaintext.empty()) {
        return {};
    }
    ERR_clear_error();
    const int result = SSL_write(session_.get(), plaintext.data(), static_cast<int>(plaintext.size()));
    if (result != static_cast<int>(plaintext.size())) {
        return tl::unexpected(error_of(result));
    }
    return {};
}

std::vector<std::uint8_t> TlsSession::take_output() {
    std::vector<std::uint8_t> out(BIO_ctrl_pending(out_));
    if (!out.empty()) {
        BIO_read(out_, out.data(), static_cast<int>(out.size()));
    }
    if (out.size() > kKeptBytes) {
        out_ = new_bio();
        SSL_set0_wbio(session_.get(), out_);
    }
    return out;
}

PeerIdentity TlsSession::peer() const {
    CHECK(established_);
    X509* const certificate = SSL_get0_peer_certificate(session_.get());
    if (certificate == nullptr) {
        return {};
    }
    const BioPointer bio{BIO_new(BIO_s_mem())};
    PEM_write_bio_X509(bio.get(), certificate);
    return certificate_identity(text_of(bio.get())).value_or(PeerIdentity{});
}

}  // namespace izar
