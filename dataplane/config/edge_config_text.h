// edge_config_text.h -- An EdgeConfig written as the edge.yaml that reads back as the same values.
//
// Thread: values only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/config/edge_config.h"

namespace izar {

// Every key that has a value, defaults included: what `show config` prints is what is in force.
std::string edge_config_text(const EdgeConfig& config);

// Paths of the keys ("ports", "links.interval") in which two configurations differ, in the order of edge_keys.
std::vector<std::string> changed_edge_keys(const EdgeConfig& before, const EdgeConfig& after);

// "none" or "aes-gcm".
std::string_view security_text(SecurityMode mode);

// "80", "8000-8099", or "any" for 0..65535.
std::string port_range_text(std::uint16_t first, std::uint16_t last);

}  // namespace izar
