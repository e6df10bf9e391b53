// edge_keys.h -- The keys of edge.yaml: what reads it, overrides it by variables, prints it and documents it.
//
// Thread: main, before anything else runs; values only.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/config/config_keys.h"
#include "dataplane/config/edge_config.h"

namespace izar {

inline constexpr std::string_view kEdgePrefix = "IZAR_EDGE_";

// Bound to this config, which must outlive them, and in the order in which they lean on each other.
std::vector<ConfigKey> edge_keys(EdgeConfig& config);

// The keys of the maps that stand in its lists.
std::vector<ConfigItem> edge_items();

// As those without environment (edge_config.h). `environment`: "NAME=value" each.
Result<EdgeConfig> load_edge_config(const std::string& path, std::span<const std::string> environment);
Result<EdgeConfig> parse_edge_config(const std::string& text, const std::string& file_name,
                                     std::span<const std::string> environment);

}  // namespace izar
