// join_token.h -- JoinToken: what an operator hands to a new node, TOKEN.FINGERPRINT.
//
// TOKEN is the store's one-time token, FINGERPRINT the SHA-256 of the authority's certificate in hexadecimal, by which
// the node knows its controller before it has anything else of it.
//
// Thread: a value.
#pragma once

#include <string>
#include <string_view>

#include "ctrl/tls/certificates.h"
#include "dataplane/base/result.h"

namespace izar {

struct JoinToken {
    std::string token;
    Fingerprint authority{};

    static Result<JoinToken> parse(std::string_view text);
    std::string text() const;
};

}  // namespace izar
