// controller_state.h -- What a controller keeps in its state folder beside the database: authority and master secret.
//
//   authority.crt, authority.key   PEM; made in the first start
//   link-master.key                32 random bytes, from which link secrets are derived; made in the first start
//   api.token                      what an operator shows the HTTPS API; 64 hexadecimal digits, made in the first start
//   izar.db                        the SQLite store
//
// Thread: main, before anything else runs. Errors: name the file.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "ctrl/controller/desired_state.h"
#include "ctrl/tls/certificates.h"

namespace izar {

struct ControllerState {
    CertificateAuthority authority;
    MasterSecret master{};
    std::string api_token;
};

// Reads the files, making those of a first start. One that is there and damaged is an error, never replaced: the
// fleet's trust hangs on it.
Result<ControllerState> open_controller_state(const std::string& folder, WallSeconds now,
                                              const std::function<void(std::span<std::uint8_t>)>& random);

}  // namespace izar
