// place_keys.h -- Keys whose value is a place on the network, refused where it can be none.
//
// Thread: as dataplane/config/config_keys.h. The fields outlive the keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/config/config_keys.h"

namespace izar {

// ADDRESS:PORT, or `word` in its place: "none", or an empty text.
enum class InPlace : std::uint8_t { nothing, none, empty };
ConfigKey place_key(std::string path, std::string_view kind, std::string_view meaning, std::string& field,
                    InPlace other);

// "http://HOST:PORT" or "https://HOST:PORT", with a name or an address as host, and nothing else. The error does not
// repeat the text, which may hold a password.
Result<void> check_endpoint(std::string_view text);

}  // namespace izar
