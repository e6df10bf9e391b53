#include "ctrl/tls/tls_context.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

namespace izar {
namespace {

template <typename Read>
auto read_pem(const std::string& text, Read read) {
    return read(bio_of(text).get(), nullptr, nullptr, nullptr);
}

// Trusts the one certificate of the presented chain that has the pinned fingerprint, and verifies as ever.
int verify_pinned(X509_STORE_CTX* verification, void* argument) {
    const auto& pinned = *static_cast<Fingerprint*>(argument);
    STACK_OF(X509)* const presented = X509_STORE_CTX_get0_untrusted(verification);
    const std::unique_ptr<STACK_OF(X509), FreeBy<[](STACK_OF(X509) * stack) { sk_X509_free(stack); }>> trusted{
        sk_X509_new_null()};
    for (int i = 0; i < sk_X509_num(presented); ++i) {
        X509* const certificate = sk_X509_value(presented, i);
        Fingerprint fingerprint{};
        X509_digest(certificate, EVP_sha256(), fingerprint.data(), nullptr);
        if (CRYPTO_memcmp(fingerprint.data(), pinned.data(), pinned.size()) == 0) {
            sk_X509_push(trusted.get(), certificate);
        }
    }
    X509_STORE_CTX_set0_trusted_stack(verification, trusted.get());
    const int verified = X509_verify_cert(verification);
    X509_STORE_CTX_set0_trusted_stack(verification, nullptr);
    return verified;
}

}  // namespace

Result<TlsContext> TlsContext::make(bool server) {
    ContextPointer context{SSL_CTX_new(server ? TLS_server_method() : TLS_client_method())};
    if (context == nullptr || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1) {
        return fail(fmt::format("OpenSSL gives no TLS 1.3: {}", openssl_reason()));
    }
    SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context.get(), 0);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);  // an idle session keeps no 34 KiB of buffers
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    return TlsContext(std::move(context), server);
}

Result<void> TlsContext::present(const Credentials& own) {
    const CertificatePointer certificate{read_pem(own.certificate, PEM_read_bio_X509)};
    const KeyPointer key{read_pem(own.key, PEM_read_bio_PrivateKey)};
    if (certificate == nullptr || key == nullptr || SSL_CTX_use_certificate(get(), certificate.get()) != 1 ||
        SSL_CTX_use_PrivateKey(get(), key.get()) != 1) {
        return fail(fmt::format("certificate and key do not fit each other: {}", openssl_reason()));
    }
    return {};
}

Result<void> TlsContext::trust(const std::string& authority) {
    const CertificatePointer certificate{read_pem(authority, PEM_read_bio_X509)};
    if (certificate == nullptr || X509_STORE_add_cert(SSL_CTX_get_cert_store(get()), certificate.get()) != 1) {
        return fail(fmt::format("this is no authority's certificate: {}", openssl_reason()));
    }
    // A controller presents it too, for nodes that know only its fingerprint.
    if (server_ && SSL_CTX_add1_chain_cert(get(), certificate.get()) != 1) {
        return fail(fmt::format("the authority's certificate cannot be presented: {}", openssl_reason()));
    }
    return {};
}

Result<TlsContext> TlsContext::make_known(bool server, const Credentials& own, const std::string& authority) {
    auto context = make(server);
    if (!context) {
        return context;
    }
    if (auto done = context->present(own); !done) {
        return tl::unexpected(done.error());
    }
    if (auto done = context->trust(authority); !done) {
        return tl::unexpected(done.error());
    }
    return context;
}

Result<TlsContext> TlsContext::for_controller(const Credentials& own, const std::string& authority) {
    return make_known(true, own, authority);
}

Result<TlsContext> TlsContext::for_node(const Credentials& own, const std::string& authority) {
    return make_known(false, own, authority);
}

Result<TlsContext> TlsContext::for_joining(const Fingerprint& authority) {
    auto context = make(false);
    if (context) {
        context->pinned_ = std::make_unique<Fingerprint>(authority);
        SSL_CTX_set_cert_verify_callback(context->get(), verify_pinned, context->pinned_.get());
    }
    return context;
}

}  // namespace izar
