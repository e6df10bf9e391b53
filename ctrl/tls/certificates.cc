#include "ctrl/tls/certificates.h"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <charconv>
#include <ctime>
#include <optional>

#include "ctrl/tls/openssl_types.h"
#include "dataplane/base/check.h"

namespace izar {
namespace {

constexpr char kAuthorityName[] = "izar authority";
constexpr char kControllerName[] = "izar controller";
constexpr std::string_view kNodePrefix = "node-";
constexpr std::size_t kLongestKeyNumber = 66;  // bytes, of P-521
constexpr int kSerialBits = 159;               // RFC 5280 section 4.1.2.2: positive, at most 20 bytes

// No password is ever asked for: a key that needs one is refused.
int no_password(char*, int, int, void*) {
    return -1;
}

KeyPointer make_key() {
    return KeyPointer{EVP_EC_gen("P-256")};
}

std::string key_text(EVP_PKEY* key) {
    const BioPointer bio{BIO_new(BIO_s_mem())};
    PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    return text_of(bio.get());
}

std::string certificate_text(X509* certificate) {
    const BioPointer bio{BIO_new(BIO_s_mem())};
    PEM_write_bio_X509(bio.get(), certificate);
    return text_of(bio.get());
}

Result<KeyPointer> read_key(std::string_view text) {
    KeyPointer key{PEM_read_bio_PrivateKey(bio_of(text).get(), nullptr, no_password, nullptr)};
    if (text.size() > kLongestPem || key == nullptr) {
        return fail(fmt::format("this is no private key in PEM: {}", openssl_reason()));
    }
    return key;
}

Result<CertificatePointer> read_certificate(std::string_view text) {
    CertificatePointer certificate{PEM_read_bio_X509(bio_of(text).get(), nullptr, no_password, nullptr)};
    if (text.size() > kLongestPem || certificate == nullptr) {
        return fail(fmt::format("this is no certificate in PEM: {}", openssl_reason()));
    }
    return certificate;
}

// A request whose signature fits its key, which is one of ours in kind.
Result<RequestPointer> read_request(std::string_view text) {
    if (text.size() > kLongestPem) {
        return fail(fmt::format("a certificate request has at most {} bytes", kLongestPem));
    }
    RequestPointer request{PEM_read_bio_X509_REQ(bio_of(text).get(), nullptr, no_password, nullptr)};
    EVP_PKEY* const key = request == nullptr ? nullptr : X509_REQ_get0_pubkey(request.get());
    if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC || EVP_PKEY_get_bits(key) != 256) {
        ERR_clear_error();
        return fail("this is no certificate request in PEM for a P-256 key");
    }
    if (X509_REQ_verify(request.get(), key) != 1) {
        ERR_clear_error();
        return fail("the certificate request is not signed by its own key");
    }
    return request;
}

Result<std::string> signed_request(EVP_PKEY* key) {
    const RequestPointer request{X509_REQ_new()};
    if (X509_REQ_set_pubkey(request.get(), key) != 1 || X509_REQ_sign(request.get(), key, EVP_sha256()) == 0) {
        return fail(fmt::format("a certificate request could not be signed: {}", openssl_reason()));
    }
    const BioPointer bio{BIO_new(BIO_s_mem())};
    PEM_write_bio_X509_REQ(bio.get(), request.get());
    return text_of(bio.get());
}

Fingerprint key_fingerprint(EVP_PKEY* key) {
    Fingerprint out{};
    unsigned char* der = nullptr;
    const int length = i2d_PUBKEY(key, &der);
    if (length > 0) {
        EVP_Digest(der, static_cast<std::size_t>(length), out.data(), nullptr, EVP_sha256(), nullptr);
    }
    OPENSSL_free(der);
    return out;
}

void name_subject(X509_NAME* name, const std::string& common_name) {
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common_name.c_str()),
                               -1, -1, 0);
}

void extend(X509* certificate, X509* issuer, int kind, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

enum class Role : std::uint8_t { authority, controller, node };

struct NewCertificate {
    Role role;
    std::string name;
    EVP_PKEY* key;
    X509* issuer;  // null: itself
    EVP_PKEY* issuer_key;
    WallSeconds now;
};

Result<std::string> sign(const NewCertificate& wanted) {
    const CertificatePointer certificate{X509_new()};
    X509* const out = certificate.get();
    X509* const issuer = wanted.issuer == nullptr ? out : wanted.issuer;
    const std::unique_ptr<BIGNUM, FreeBy<BN_free>> serial{BN_new()};
    BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY);
    BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(out));
    X509_set_version(out, X509_VERSION_3);
    const auto begin = wanted.now - kClockTolerance;
    const auto end = wanted.now + (wanted.role == Role::authority ? kAuthorityLifetime : kCertificateLifetime);
    ASN1_TIME_set(X509_getm_notBefore(out), std::chrono::system_clock::to_time_t(begin));
    ASN1_TIME_set(X509_getm_notAfter(out), std::chrono::system_clock::to_time_t(end));
    name_subject(X509_get_subject_name(out), wanted.name);
    X509_set_issuer_name(out, X509_get_subject_name(issuer));
    X509_set_pubkey(out, wanted.key);
    const bool is_authority = wanted.role == Role::authority;
    extend(out, issuer, NID_basic_constraints, is_authority ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE");
    extend(out, issuer, NID_key_usage, is_authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    if (!is_authority) {
        extend(out, issuer, NID_ext_key_usage, wanted.role == Role::controller ? "serverAuth" : "clientAuth");
    }
    if (wanted.role == Role::controller) {
        extend(out, issuer, NID_subject_alt_name, fmt::format("DNS:{}", kControllerHost).c_str());
    }
    if (X509_sign(out, wanted.issuer_key, EVP_sha256()) == 0) {
        return fail(fmt::format("a certificate could not be signed: {}", openssl_reason()));
    }
    return certificate_text(out);
}

std::string common_name(const X509* certificate) {
    char name[64] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    return name;
}

NodeId node_of(std::string_view name) {
    std::uint16_t id = 0;
    if (!name.starts_with(kNodePrefix)) {
        return kNoNode;
    }
    const std::string_view digits = name.substr(kNodePrefix.size());
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    return problem == std::errc{} && end == digits.data() + digits.size() ? NodeId{id} : kNoNode;
}

}  // namespace

Result<CertificateRequest> make_request() {
    const KeyPointer key = make_key();
    if (key == nullptr) {
        return fail(fmt::format("no key could be made: {}", openssl_reason()));
    }
    auto request = signed_request(key.get());
    if (!request) {
        return tl::unexpected(request.error());
    }
    return CertificateRequest{*std::move(request), key_text(key.get())};
}

Result<std::string> request_for(std::string_view key) {
    const auto read = read_key(key);
    return read ? signed_request(read->get()) : tl::unexpected(read.error());
}

Result<Fingerprint> request_key(std::string_view request) {
    const auto read = read_request(request);
    if (!read) {
        return tl::unexpected(read.error());
    }
    return key_fingerprint(X509_REQ_get0_pubkey(read->get()));
}

Result<Fingerprint> certificate_fingerprint(std::string_view certificate) {
    const auto read = read_certificate(certificate);
    if (!read) {
        return tl::unexpected(read.error());
    }
    Fingerprint out{};
    X509_digest(read->get(), EVP_sha256(), out.data(), nullptr);
    return out;
}

Result<PeerIdentity> certificate_identity(std::string_view certificate) {
    const auto read = read_certificate(certificate);
    if (!read) {
        return tl::unexpected(read.error());
    }
    return PeerIdentity{node_of(common_name(read->get())), key_fingerprint(X509_get0_pubkey(read->get()))};
}

Result<WallSeconds> certificate_expiry(std::string_view certificate) {
    const auto read = read_certificate(certificate);
    std::tm end{};
    if (!read) {
        return tl::unexpected(read.error());
    }
    if (ASN1_TIME_to_tm(X509_get0_notAfter(read->get()), &end) != 1) {
        return fail("the certificate says no end of its life");
    }
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::from_time_t(timegm(&end)));
}

Result<CertificateAuthority> CertificateAuthority::make(WallSeconds now) {
    const KeyPointer key = make_key();
    if (key == nullptr) {
        return fail(fmt::format("no key could be made: {}", openssl_reason()));
    }
    auto certificate = sign({Role::authority, kAuthorityName, key.get(), nullptr, key.get(), now});
    if (!certificate) {
        return tl::unexpected(certificate.error());
    }
    return CertificateAuthority({*std::move(certificate), key_text(key.get())});
}

Result<CertificateAuthority> CertificateAuthority::load(Credentials credentials) {
    const auto certificate = read_certificate(credentials.certificate);
    const auto key = read_key(credentials.key);
    if (!certificate || !key) {
        return tl::unexpected(certificate ? key.error() : certificate.error());
    }
    if (X509_check_private_key(certificate->get(), key->get()) != 1 || X509_check_ca(certificate->get()) == 0) {
        ERR_clear_error();
        return fail("the authority's key does not belong to its certificate; put the pair back from a copy");
    }
    return CertificateAuthority(std::move(credentials));
}

Fingerprint CertificateAuthority::key_hash() const {
    const auto key = read_key(credentials_.key);
    CHECK(key);  // load() and make() have read it
    BIGNUM* number = nullptr;
    CHECK(EVP_PKEY_get_bn_param(key->get(), OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1);
    std::array<std::uint8_t, kLongestKeyNumber> bytes{};
    CHECK(BN_bn2binpad(number, bytes.data(), static_cast<int>(bytes.size())) > 0);
    Fingerprint out{};
    EVP_Digest(bytes.data(), bytes.size(), out.data(), nullptr, EVP_sha256(), nullptr);
    BN_clear_free(number);
    OPENSSL_cleanse(bytes.data(), bytes.size());
    return out;
}

Result<Credentials> CertificateAuthority::make_controller(WallSeconds now) const {
    const auto issuer = read_certificate(credentials_.certificate);
    const auto issuer_key = read_key(credentials_.key);
    const KeyPointer key = make_key();
    if (!issuer || !issuer_key || key == nullptr) {
        return fail(fmt::format("no key could be made: {}", openssl_reason()));
    }
    auto certificate = sign({Role::controller, kControllerName, key.get(), issuer->get(), issuer_key->get(), now});
    if (!certificate) {
        return tl::unexpected(certificate.error());
    }
    return Credentials{*std::move(certificate), key_text(key.get())};
}

Result<std::string> CertificateAuthority::sign_node(std::string_view request, NodeId node, WallSeconds now) const {
    const auto issuer = read_certificate(credentials_.certificate);
    const auto issuer_key = read_key(credentials_.key);
    const auto read = read_request(request);
    if (!read) {
        return tl::unexpected(read.error());
    }
    if (!issuer || !issuer_key) {
        return fail("the authority cannot sign; its key is not readable any more");
    }
    return sign({Role::node, fmt::format("{}{}", kNodePrefix, raw(node)), X509_REQ_get0_pubkey(read->get()),
                 issuer->get(), issuer_key->get(), now});
}

}  // namespace izar
