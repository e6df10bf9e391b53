// edge_sections.h -- The sections of edge.yaml, one reader each. Private to this folder.
//
// Each reads one key's value into its part of the EdgeConfig and checks it against the parts read before
// it; edge_config.cc calls them in the order in which they depend on each other, whatever the file's order.
//
// Thread: the one that reads the file.
#pragma once

#include "dataplane/config/edge_config.h"
#include "dataplane/config/yaml_reader.h"

namespace izar {

// Which parts were read without a problem. What compares two parts keeps silent unless both are sound, so
// that one mistake gives one line and not one for each place that leans on it.
struct SoundParts {
    bool ports = false;
    bool egress_addresses = false;
    bool nodes = false;
};

// Ports with their addresses and gateways; names, devices and addresses are unique over all ports.
void read_ports(const YamlCursor& ports, EdgeConfig& config);
// Requires ports. Names the port that carries the overlay.
void read_overlay(const YamlCursor& overlay, const SoundParts& sound, EdgeConfig& config);
// Requires ports. `given` absent: the default that edge_config.h describes.
void read_egress_addresses(const std::optional<YamlCursor>& given, const SoundParts& sound, EdgeConfig& config);
// Requires ports, overlay and the node's own name and id; fills in the own address if it is left out.
void read_nodes(const YamlCursor& nodes, const YamlCursor& own, const SoundParts& sound, EdgeConfig& config);
// Requires nodes and egress addresses.
void read_services(const YamlCursor& services, const SoundParts& sound, EdgeConfig& config);

// Copies a name that YamlCursor::name() accepted, so it is shorter than kNameLength.
void copy_name(const std::string& from, char (&to)[kNameLength]);

// Whether an address can be the source or destination of a host's packets: not unspecified, loopback,
// multicast or broadcast.
bool is_host_address(const IpAddress& address);
// A host address, or a problem at the cursor.
std::optional<IpAddress> read_host_address(const YamlCursor& cursor);

// The port that carries the overlay, or nullptr while a problem keeps it unknown.
const PortConfig* overlay_port(const EdgeConfig& config);
std::string_view family_name(Family family);

}  // namespace izar
