// discovery_config.h -- node-discovery.yaml: which nodes may join as what, before any of them has.
//
// The nodes and domains of the file are an inventory: the controller takes up what changed in it, so that a node joins
// with the id and region it was given. What the file no longer lists stays as it is: a typing mistake must not revoke a
// node.
//
// Thread: built by main before anything else runs, constant afterwards.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ctrl/store/records.h"
#include "dataplane/base/result.h"
#include "dataplane/config/config_keys.h"

namespace izar {

struct DiscoveryConfig {
    // Between two looks for rows that somebody wrote into the public tables; 0: never.
    Nanos adopt = std::chrono::seconds{5};
    Inventory inventory;  // nodes and domains only
};

inline constexpr std::string_view kDiscoveryPrefix = "IZAR_DISCOVERY_";

std::vector<ConfigKey> discovery_keys(DiscoveryConfig& config);
// Of the items of its lists.
std::vector<ConfigItem> discovery_items();

// `environment`: "NAME=value" each.
Result<DiscoveryConfig> parse_discovery_config(const std::string& text, const std::string& file_name,
                                               std::span<const std::string> environment);

}  // namespace izar
