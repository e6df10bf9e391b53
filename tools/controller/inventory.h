// inventory.h -- Files that a controller takes up: an operator's init_nodes.sql, node-discovery.yaml,
// routing-policy.yaml.
//
// Thread: the store's.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "ctrl/config/discovery_config.h"
#include "ctrl/store/store.h"

namespace izar {

// Imports all of an SQL file or nothing (sql_import.h), whoever leads with the store; returns a line that says how much
// it was.
Result<std::string> import_sql_file(Store& store, const std::string& path, WallTime now);

// `environment`: as parse_discovery_config takes it.
Result<DiscoveryConfig> read_discovery_file(const std::string& path, std::span<const std::string> environment);

// Reads a routing-policy.yaml whole, and gives the text that all nodes are handed: as it stands, or where variables
// stand in place of keys, all keys with the values in force. Nodes, regions and services that it names may come later.
// `path` empty: there is no file, the text is empty, and a variable is an error.
Result<std::string> read_policy_file(const std::string& path, std::span<const std::string> environment);

// What node-discovery.yaml and routing-policy.yaml say, for Store::take_files. Without a file: none, an empty text.
OperatorFiles operator_files(const std::optional<DiscoveryConfig>& discovery, const std::string& policy);

}  // namespace izar
