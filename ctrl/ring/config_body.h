// config_body.h -- What came of izar-edge's configuration, between ConfigState and the ring's form: a head, then parts
// of its texts.
//
// Thread: pure functions; an assembly belongs to one.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ctrl/ring/layout.h"
#include "dataplane/config/config_state.h"

namespace izar {

// The whole of it, in order. Texts that are longer than ring::kMostConfigText end in "...", at a whole key or byte.
std::vector<ring::Message> config_messages(const ConfigState& state);

// What comes up the ring, until it is whole.
class ConfigAssembly {
  public:
    // The state that ends with this message; nothing while parts are missing, and of what is no such message.
    std::optional<ConfigState> take(const ring::Message& message);

  private:
    ring::ConfigHead head_{};  // generation 0: nothing is being assembled
    std::string text_;
};

}  // namespace izar
