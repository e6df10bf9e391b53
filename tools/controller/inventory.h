// inventory.h -- Files of nodes and domains that a controller takes up: an operator's init_nodes.sql,
// node-discovery.yaml.
//
// Thread: the store's.
#pragma once

#include <span>
#include <string>

#include "ctrl/config/discovery_config.h"
#include "ctrl/store/store.h"

namespace izar {

// Imports all of an SQL file or nothing (sql_import.h); returns a line that says how much it was.
Result<std::string> import_sql_file(Store& store, const std::string& path, WallTime now);

// Imports the nodes and domains of a node-discovery.yaml. `environment`: as parse_discovery_config takes it.
Result<DiscoveryConfig> import_discovery_file(Store& store, const std::string& path,
                                              std::span<const std::string> environment, WallTime now);

}  // namespace izar
