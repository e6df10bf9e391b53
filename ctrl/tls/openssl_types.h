// openssl_types.h -- OpenSSL's objects as values that free themselves, and its errors as text.
//
// Thread: each object belongs to one.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

#include "dataplane/base/free_by.h"
#include "dataplane/base/result.h"

namespace izar {

using KeyPointer = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using CertificatePointer = std::unique_ptr<X509, FreeBy<X509_free>>;
using RequestPointer = std::unique_ptr<X509_REQ, FreeBy<X509_REQ_free>>;
using BioPointer = std::unique_ptr<BIO, FreeBy<BIO_free_all>>;
using ContextPointer = std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>>;
using SessionPointer = std::unique_ptr<SSL, FreeBy<SSL_free>>;

// The oldest error of this thread's queue, which is emptied; "no reason given" if it is empty.
inline std::string openssl_reason() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "no reason given" : reason;
}

inline BioPointer bio_of(std::string_view text) {
    return BioPointer{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

inline std::string text_of(BIO* bio) {
    const char* data = nullptr;
    const long length = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(length)};
}

}  // namespace izar
