// records.h -- What the control plane remembers, as values: nodes, tokens, services, domains, measurements.
//
// Units stand in the names. Where a field is a column of one of the five public tables (node_region, system_info,
// region_probe_info, network_metrics, domain_origin) it carries the column's name; docs/store.md draws the tables.
//
// Thread: values only.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/base/ip_address.h"
#include "dataplane/base/types.h"
#include "dataplane/tables/service_table.h"

namespace izar {

// Time of day, UTC. Only for what outlives a process: creation, expiry, history. Never for a deadline.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

// Number of the last change of the static data (nodes, services, domains, documents). 0: nothing was ever changed.
enum class StaticVersion : std::uint64_t {};

// Revision of the lease under which somebody leads. 0: there is one controller, and nobody else to fence off.
enum class Fence : std::uint64_t {};

using Digest = std::array<std::uint8_t, 32>;  // SHA-256

// --- Nodes ---------------------------------------------------------------------------------------------------------

enum class NodeState : std::uint8_t {
    declared,  // an operator named it (izar-controller --import-sql); it has not joined yet
    joined,
    revoked,  // its certificate is refused; its id is never given again
};

struct NodeRecord {
    NodeId id = kNoNode;
    NodeState state = NodeState::declared;
    bool drained = false;  // takes no new flows
    std::string name;      // node_region.hostname
    std::string region;
    IpAddress address;  // node_region.ip: where its overlay packets go
    std::string description;
    Digest key{};           // of the public key it joined with; zero while declared
    WallTime created_at;    // declared or joined, whichever came first
    WallTime revoked_at;    // state == revoked
    WallTime seen_at;       // when its agent was here for the first time; 1970: it never was
    StaticVersion version;  // of its last change
    bool was_seen() const noexcept { return seen_at != WallTime{}; }
    friend bool operator==(const NodeRecord&, const NodeRecord&) = default;
};

// A line of an operator's inventory: a node that may join.
struct NodeDeclaration {
    std::string name;
    std::string region;
    IpAddress address;
    std::string description;
};

// --- Tokens --------------------------------------------------------------------------------------------------------

// What a token allows. Its text is made by new_token (token.h) and is nowhere but in its owner's hands.
struct TokenSpec {
    std::string region;  // of the nodes that join with it
    std::chrono::milliseconds ttl = std::chrono::hours{1};
    std::uint32_t uses = 1;
};

struct TokenRecord {
    std::string id;  // the public half of the token's text
    std::string region;
    WallTime created_at;
    WallTime expires_at;
    std::uint32_t uses_left = 0;
    bool withdrawn = false;
    Digest secret_hash{};  // as in TokenParts
    friend bool operator==(const TokenRecord&, const TokenRecord&) = default;
};

struct JoinRequest {
    std::string token;  // the whole text, as the operator pasted it
    std::string name;
    IpAddress address;  // where the node's overlay packets go
    Digest key{};       // of the public key in its certificate request
};

// --- Services, domains, documents ----------------------------------------------------------------------------------

// An address of a service for clients that reach one node directly.
struct NodeVip {
    NodeId node = kNoNode;
    IpAddress address;
    ServiceId id = kNoService;  // of the service that nodes are told of for it (docs/decisions/0036)
    friend bool operator==(const NodeVip&, const NodeVip&) = default;
};

struct ServiceRecord {
    Service service;  // without choice tables; no egresses: every node near an origin may be one
    StaticVersion version;
    std::vector<NodeVip> node_vips;  // in order of node, at most one each
};

// domain_origin, and the service that the domain leads to.
struct DomainRecord {
    std::string domain;
    IpAddress origin_ip;
    std::string service;  // name of the service that gets its origin; empty: none yet
    WallTime created_at;
    StaticVersion version;
    friend bool operator==(const DomainRecord&, const DomainRecord&) = default;
};

// A text that every node gets whole when it changes: a policy, a CA certificate, the epoch of link secrets.
struct Document {
    std::string name;
    std::string body;
    StaticVersion version;
    friend bool operator==(const Document&, const Document&) = default;
};

// What a reader that knows everything up to some version lacks.
struct StaticChanges {
    StaticVersion version;  // the reader's version once it applied this
    // The reader's version is unknown or too old to tell what was removed since: it drops what is not listed here.
    bool whole = false;
    std::vector<NodeRecord> nodes;  // revoked ones too
    std::vector<ServiceRecord> services;
    std::vector<ServiceId> removed_services;
    std::vector<DomainRecord> domains;
    std::vector<std::string> removed_domains;
    std::vector<Document> documents;
    std::vector<std::string> removed_documents;
};

// --- Shares of clients ---------------------------------------------------------------------------------------------

// How a region's clients are shared among its nodes.
struct SharesRecord {
    std::string region;
    std::uint64_t epoch = 0;                  // of the master that said so
    std::map<NodeId, std::uint32_t> weights;  // in thousandths; who is not named takes nobody in
    friend bool operator==(const SharesRecord&, const SharesRecord&) = default;
};

// --- Measurements --------------------------------------------------------------------------------------------------

// One sample of a node, every column of system_info.
struct SystemInfo {
    std::string ip;
    std::uint32_t cpu_cores = 0;
    std::string cpu_model_name;
    double cpu_mhz = 0;
    std::uint32_t cpu_cache_size = 0;  // KiB
    double cpu_usage = 0;              // percent of all cores
    std::uint64_t memory_total = 0;    // bytes, as all of memory and disk
    std::uint64_t memory_available = 0;
    std::uint64_t memory_used = 0;
    double memory_used_percent = 0;
    std::string disk_device;
    std::uint64_t disk_total = 0;
    std::uint64_t disk_free = 0;
    std::uint64_t disk_used = 0;
    double disk_used_percent = 0;
    std::string network_interface_name;
    std::uint64_t network_bytes_sent = 0;
    std::uint64_t network_bytes_recv = 0;
    std::uint64_t network_packets_sent = 0;
    std::uint64_t network_packets_recv = 0;
    std::string hostname;
    std::string os;
    std::string platform;
    std::string platform_version;
    std::uint64_t uptime = 0;  // seconds
    double load1 = 0;
    double load5 = 0;
    double load15 = 0;
    WallTime timestamp;  // when the node took the sample; kept to the second
    friend bool operator==(const SystemInfo&, const SystemInfo&) = default;
};

// One active probe, region_probe_info.
struct RegionProbe {
    std::string source_ip;
    std::string source_region;
    std::string target_ip;
    std::string target_region;
    std::uint32_t tcp_delay = 0;  // milliseconds
    WallTime probe_time;          // kept to the second
    friend bool operator==(const RegionProbe&, const RegionProbe&) = default;
};

// Latest state of a link as the scheduler judges it, network_metrics: one row for an ordered pair.
struct LinkMetric {
    std::string source_ip;
    std::string destination_ip;
    double link_latency = 0;  // round-trip time in milliseconds
    double cpu_mean = 0;      // of the destination, percent
    double cpu_variance = 0;
    double virtual_queue_cpu_mean = 0;
    double virtual_queue_cpu_variance = 0;
    std::optional<std::int32_t> c;  // column C: Mbit/s that the uplink of the source carries; none: not configured
    WallTime updated_at;            // kept to the second
    friend bool operator==(const LinkMetric&, const LinkMetric&) = default;
};

// Rows of the five public tables, as an operator writes them down before anything runs.
struct Inventory {
    std::vector<NodeDeclaration> nodes;
    std::vector<std::pair<std::string, IpAddress>> domains;  // domain, origin_ip
    std::vector<SystemInfo> system_info;
    std::vector<RegionProbe> region_probes;
    std::vector<LinkMetric> link_metrics;
};

// An ordered pair of nodes, by their addresses.
struct LinkEnds {
    std::string source_ip;
    std::string destination_ip;
};

// What became of rows that another program wrote into the public tables.
struct AdoptedRows {
    std::size_t taken = 0;
    std::vector<std::string> refused;  // a line for each that was not taken up: which, and why
};

// What an operator's files say as a whole, at one reading.
struct OperatorFiles {
    std::optional<Inventory> listed;  // nodes and domains of node-discovery.yaml; none: there is no such file
    std::vector<std::pair<std::string, std::string>> documents;  // name, body
};

}  // namespace izar
