// overruled.h -- What a controller's data takes the place of in edge.yaml, as its writer should know.
//
// Thread: pure function.
#pragma once

#include <string>

#include "dataplane/config/edge_config.h"

namespace izar {

// The warning for the log; empty: the file says nothing that counts no more. `policies_came`: the controller has a
// routing policy.
std::string overruled_warning(const EdgeConfig& file, const std::string& path, bool policies_came);

}  // namespace izar
