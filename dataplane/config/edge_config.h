// edge_config.h -- EdgeConfig: edge.yaml as values. docs/edge-config.md lists every key.
//
// Thread: built by main before anything else runs, constant afterwards.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/base/bit_rate.h"
#include "dataplane/base/ip_address.h"
#include "dataplane/base/result.h"
#include "dataplane/base/types.h"
#include "dataplane/tables/fleet.h"
#include "dataplane/tables/service_table.h"
#include "probes/stamp_session.h"

namespace izar {

// How an lcore waits when it finds nothing to do: burn the core, or nap and back off.
enum class IdleMode : std::uint8_t { spin, sleep };
enum class SecurityMode : std::uint8_t { none, aes_gcm };

struct PortConfig {
    std::string name;          // "wan", "lan": what the CLI calls it
    std::string device;        // DPDK device: "net_af_packet,iface=eth1", "net_af_xdp,iface=eth1", "0000:3b:00.0"
    std::uint16_t mtu = 1500;  // bytes of an IP packet
    std::vector<InterfaceAddress> addresses;  // this node's own, with their on-link prefixes
    std::vector<IpAddress> gateways;          // at most one a family: next hop for what is not on-link
    std::string exception_tap;                // kernel interface for what is not ours; empty: none
};

struct MemoryConfig {
    std::uint32_t flows = 262'144;      // IPv4 flows and sessions
    std::uint32_t flows_ipv6 = 65'536;  // IPv6 flows and sessions
    std::uint32_t packet_buffers = 16'384;
};

struct LinkConfig {
    Nanos interval = std::chrono::milliseconds{10};  // between two keep-alives
    std::uint8_t multiplier = 3;                     // missed keep-alives that mean "down"
    BitRate capacity = kNoRate;                      // of the uplink that all links share
};

// How much better a path must be before flows move to it (both must hold).
struct HysteresisConfig {
    Nanos absolute = std::chrono::milliseconds{5};
    double relative = 0.10;
};

struct EdgeConfig {
    std::string name;  // of this node; also names sockets and the DPDK file prefix
    NodeId id = kNoNode;
    SecurityMode security = SecurityMode::aes_gcm;
    std::string secrets_file;  // link secrets, for aes_gcm
    IdleMode idle = IdleMode::sleep;
    std::uint8_t lcores = 1;
    std::string control_socket;  // default /run/izar/NAME/edge.sock
    MemoryConfig memory;
    std::vector<PortConfig> ports;
    std::string overlay_port;                 // port that carries overlay packets; its addresses are the underlay
    std::vector<IpAddress> egress_addresses;  // NAT sources, on any port; default: first address a family of
                                              // each port that is not the overlay's
    LinkConfig links;
    HysteresisConfig hysteresis;
    std::string policy_file;             // routing-policy.yaml; empty: one policy, with the margins above
    std::vector<IpAddress> stamp_peers;  // whose STAMP probes are answered; empty: nobody's
    bool stamp_nodes = false;            // and those of all nodes of the fleet
    std::vector<StampSession> probes;    // STAMP sessions that this node sends
    std::vector<FleetNode> nodes;        // all of the fleet, this one included
    std::vector<Service> services;       // choice tables not yet built (null)
};

// Reads and validates a whole file. An error names file, line and column, says what is wrong and, for an
// unknown key, which one was likely meant; several problems are several lines of one text.
Result<EdgeConfig> load_edge_config(const std::string& path);
Result<EdgeConfig> parse_edge_config(const std::string& text, const std::string& file_name);

}  // namespace izar
