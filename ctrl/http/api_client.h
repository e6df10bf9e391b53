// api_client.h -- Asking a controller from anywhere, by its HTTPS API (docs/api.yaml).
//
// Thread: any; a call waits for the answer, at most for `patience`. Errors: what went wrong, or why the controller
//         refused. Of a request that was sent and not answered nobody knows whether it was granted, and the text says
//         so.
#pragma once

#include <string>

#include "dataplane/base/result.h"
#include "dataplane/base/types.h"

namespace izar {

struct ApiAddress {
    std::string host;       // HOST:PORT
    std::string token;      // what api.token of the controller's state folder holds
    std::string authority;  // path of its authority.crt, which its certificate is checked against
};

// Sends an operator's request and gives the answer's body.
Result<std::string> ask_api(const ApiAddress& api, const std::string& request, Nanos patience);

}  // namespace izar
