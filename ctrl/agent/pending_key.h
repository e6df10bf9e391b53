// pending_key.h -- The key that a node joins with, kept until its certificate is there.
//
// The answer to a join may be lost after the controller has taken the token's use and given an id. A node that comes
// again with the same token and the same key gets the same id and costs no use; with a new key it would find its own
// name in the way. So the key is on disk, in node.key.pending, before the first try, and goes with save_identity.
//
// Thread: main, before the agent runs. Errors: name the file.
#pragma once

#include <string>

#include "ctrl/tls/certificates.h"
#include "dataplane/base/result.h"

namespace izar {

// The key and request that were made for this token before; if there are none, new ones, which are on disk then.
// Another token is another join. The file holds no token, only its SHA-256.
Result<CertificateRequest> pending_request(const std::string& folder, const std::string& token);

}  // namespace izar
