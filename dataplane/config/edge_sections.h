// edge_sections.h -- The sections of edge.yaml, one reader each. Private to this folder.
//
// Each reads one key's value into its part of the EdgeConfig and checks it against the parts read before
// it; edge_keys.cc lists the keys in the order in which they depend on each other, whatever the file's order.
//
// Thread: the one that reads the file.
#pragma once

#include <memory>
#include <optional>

#include "dataplane/base/address_rules.h"
#include "dataplane/config/config_keys.h"
#include "dataplane/config/edge_config.h"
#include "dataplane/config/yaml_reader.h"

namespace izar {

// Which parts were read without a problem. What compares two parts keeps silent unless both are sound, so
// that one mistake gives one line and not one for each place that leans on it.
struct SoundParts {
    bool security = true;
    bool ports = false;
    bool egress_addresses = false;
    bool nodes = false;
};

// What the keys of one file share while they are read.
struct EdgeReading {
    EdgeConfig& config;
    SoundParts sound{};
    std::optional<YamlCursor> own_name = std::nullopt;  // where this node's name stands
};
using EdgeReadingPointer = std::shared_ptr<EdgeReading>;

// The node itself, its security and its memory.
void add_node_keys(const EdgeReadingPointer& reading, std::vector<ConfigKey>& keys);
// Links, paths and probes.
void add_path_keys(const EdgeReadingPointer& reading, std::vector<ConfigKey>& keys);

// Ports with their addresses and gateways; names, devices and addresses are unique over all ports.
void read_ports(const YamlCursor& ports, EdgeConfig& config);
// Requires ports. Names the port that carries the overlay.
void read_overlay_port(const YamlCursor& port, const SoundParts& sound, EdgeConfig& config);
// Requires ports.
void read_egress_addresses(const YamlCursor& given, const SoundParts& sound, EdgeConfig& config);
// The default that edge_config.h describes.
void choose_egress_addresses(EdgeConfig& config);
// Requires ports, overlay and the node's own name and id; fills in the own address if it is left out. `own`: where a
// problem with the own entry is told.
void read_nodes(const YamlCursor& nodes, const YamlCursor& own, const SoundParts& sound, EdgeConfig& config);
// Requires nodes and egress addresses.
void read_services(const YamlCursor& services, const SoundParts& sound, EdgeConfig& config);

// The same parts as a ConfigKey shows them.
std::string ports_text(const EdgeConfig& config);
std::string nodes_text(const EdgeConfig& config);
std::string services_text(const EdgeConfig& config);
std::string probes_text(const EdgeConfig& config);
std::string addresses_text(std::span<const IpAddress> addresses);

// Keys of the maps in lists.
std::span<const ItemKey> port_keys();
std::span<const ItemKey> node_keys();
std::span<const ItemKey> service_keys();
std::span<const ItemKey> egress_keys();
std::span<const ItemKey> origin_keys();
std::span<const ItemKey> timeout_keys();
std::span<const ItemKey> probe_keys();

// Copies a name that YamlCursor::name() accepted, so it is shorter than kNameLength.
void copy_name(const std::string& from, char (&to)[kNameLength]);

// A host address, or a problem at the cursor.
std::optional<IpAddress> read_host_address(const YamlCursor& cursor);

// The port that carries the overlay, or nullptr while a problem keeps it unknown.
const PortConfig* overlay_port(const EdgeConfig& config);

}  // namespace izar
