// node_view.h -- What the command language can see of a node, and what it can make it do.
//
// The shell renders plain rows; where they come from (lcore snapshots, the scheduler's view, DPDK) is the
// implementation's business. A value that could not be measured is std::nullopt, never 0.
//
// Thread: the main thread only. Every call returns a consistent copy, and none may block on an lcore.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/config/config_state.h"
#include "dataplane/config/edge_config.h"

namespace izar {

// One of several verdict or drop counters, by the name that verdict.def gives it.
enum class VerdictKind : std::uint8_t { dropped, consumed };
struct VerdictRow {
    std::string name;
    VerdictKind kind = VerdictKind::dropped;
    std::uint64_t packets = 0;
    std::string text;  // what it means, one sentence
};

// The account of a snapshot: rx + made = tx + dropped + consumed + held, all in packets. What one lcore
// handed to another is in handed_out here and handed_in there, and held while it lies in the ring.
struct Totals {
    std::uint64_t rx = 0;
    std::uint64_t made = 0;
    std::uint64_t tx = 0;
    std::uint64_t dropped = 0;
    std::uint64_t consumed = 0;
    std::uint64_t held = 0;
    std::uint64_t handed_in = 0;
    std::uint64_t handed_out = 0;
    bool accounted = false;  // whether the equation held in every snapshot that was read
};

struct NodeStatus {
    std::string name;
    std::uint16_t id = 0;
    bool forwarding = false;
    std::string security;          // "aes-gcm", or "none": overlay packets travel unencrypted
    std::uint64_t generation = 0;  // of the route table in force
    double uptime_s = 0;
};

struct PortInfo {
    std::uint16_t port = 0;
    std::string name;    // as edge.yaml calls it
    std::string device;  // as DPDK calls it
    std::string driver;
    std::string mac;
    std::uint16_t mtu = 0;
    bool link_up = false;
    std::optional<std::uint32_t> speed_mbps;
    std::optional<int> numa_node;
    std::uint16_t rx_queues = 0;
    std::uint16_t tx_queues = 0;
    std::vector<std::string> addresses;  // with prefix lengths
};

struct PortStats {
    std::uint16_t port = 0;
    std::string name;
    std::uint64_t rx_packets = 0;
    std::uint64_t rx_bytes = 0;
    std::uint64_t rx_missed = 0;  // lost in the NIC for want of descriptors
    std::uint64_t rx_errors = 0;
    std::uint64_t rx_no_buffer = 0;
    std::uint64_t tx_packets = 0;
    std::uint64_t tx_bytes = 0;
    std::uint64_t tx_errors = 0;
    std::optional<double> rx_pps;  // since the previous look
    std::optional<double> tx_pps;
};

struct LcoreRow {
    std::uint16_t lcore = 0;
    std::optional<int> cpu;  // none: not pinned to one CPU
    std::optional<int> numa_node;
    bool napping = false;
    Totals totals;
    std::optional<double> cycles_per_packet;  // busy cycles / packets
    std::optional<double> busy_ratio;         // 0..1, time not spent idle since the previous look
    std::optional<double> packets_per_burst;
    std::uint64_t busy_cycles = 0;
    std::uint64_t pauses = 0;  // times it did not poll for more than 5 ms
    std::optional<double> longest_pause_ms;
};

struct LinkRow {
    std::string peer;
    std::uint16_t peer_id = 0;
    std::string address;
    std::string state;             // "up", "down", "unknown"
    std::optional<double> rtt_ms;  // smoothed
    std::optional<double> rtt_min_ms;
    std::optional<double> rtt_p99_ms;
    std::optional<double> rtt_variation_ms;
    std::optional<double> loss_ratio;  // 0..1, of the window
    std::optional<std::uint64_t> reordered;
    std::optional<std::uint16_t> mtu;  // bytes of an IP packet on the underlay that pass, by probes
    std::uint64_t rx_packets = 0;
    std::uint64_t tx_packets = 0;
    std::optional<std::uint64_t> used_bps;      // goes out on it, over the last second
    std::optional<std::uint64_t> capacity_bps;  // of the uplink that all links share
    std::optional<double> last_heard_ms;        // how long ago
    std::optional<double> detection_ms;         // silence that means "down", stretched by jitter
    std::optional<std::uint64_t> key_epoch;     // that this node sends under; none: no session, or security is none
    std::uint64_t changes = 0;                  // of state, in this process life
    std::optional<double> last_change_ms;
    std::string why;  // of the last change
};

struct PathRow {
    std::string destination;
    std::string policy;                 // by which it was chosen
    std::vector<std::string> segments;  // node names after this one, the destination last
    std::optional<double> predicted_rtt_ms;
    std::optional<double> measured_rtt_ms;
    std::vector<std::string> backup;  // same, empty: none
    double share = 1;                 // of the destination's flows, 0..1
    std::string why;                  // this path was chosen
};

struct WeightedName {
    std::string name;
    std::uint32_t weight = 0;
    bool reachable = true;
};
// RTT of a leg outside the overlay, from TCP connections that passed through.
struct LegRtt {
    double rtt_ms = 0;  // mean of the samples
    double least_ms = 0;
    double variation_ms = 0;
    std::uint64_t samples = 0;
    double age_ms = 0;  // of the newest
};
struct ServiceRow {
    std::uint32_t id = 0;
    std::string name;
    std::string vip;
    std::string protocol;
    std::string ports;  // "80", "8000-8099", "any"; empty for icmp
    std::string policy;
    std::optional<std::uint64_t> flows;
    std::vector<WeightedName> egresses;
    std::vector<WeightedName> origins;
    std::optional<LegRtt> client_leg;          // from here to the clients that are attached here; none: not measured
    std::optional<LegRtt> origin_leg;          // from here to the origins
    std::optional<LegRtt> client_leg_in_flow;  // the same by timestamps (RFC 7323), not by handshakes
    std::optional<LegRtt> origin_leg_in_flow;
};

struct FlowRow {
    std::string service;
    std::string protocol;
    std::string client;  // "address:port"
    std::string vip;
    std::string role;   // "ingress", "egress", "both"
    std::string state;  // TCP: "opening", "established", "closing"; others "active"
    std::string egress;
    std::string ingress;
    std::string origin;       // egress role, else empty
    std::string translation;  // egress role: the address and port the origin sees
    std::vector<std::string> path;
    std::optional<double> idle_ms;
    std::uint16_t lcore = 0;
};
struct FlowPage {
    std::vector<FlowRow> rows;  // at most as many as were asked for
    std::uint64_t total = 0;    // flows there are
    std::uint64_t capacity = 0;
    std::uint64_t exhausted = 0;  // new flows refused for want of memory
};

// RTT samples of one link, as a distribution over the last window.
struct RttRow {
    std::string peer;
    std::uint64_t samples = 0;
    std::optional<double> min_ms;
    std::optional<double> p50_ms;
    std::optional<double> p90_ms;
    std::optional<double> p99_ms;
    std::optional<double> max_ms;
    std::optional<double> age_ms;  // of the newest sample
};

// One STAMP session of this node, and what it measured.
struct ProbeRow {
    std::string peer;      // "address:port", "[address]:port"
    std::string asked_by;  // "config" or "agent"
    double interval_ms = 0;
    std::optional<std::uint32_t> count;  // probes to be sent; none: without end
    std::uint64_t sent = 0;
    std::uint64_t samples = 0;  // of the measurement: the last minute, or all of it if `count` is given
    std::uint64_t lost = 0;
    std::optional<double> rtt_ms;  // mean of the samples
    std::optional<double> least_ms;
    std::optional<double> variation_ms;
    std::optional<double> age_ms;  // of the newest sample
    bool over = false;
};

// One candidate of a path choice: the terms of the cost of each of its links.
struct CandidateLink {
    std::string from;
    std::string to;
    std::string state;   // of the link, as in LinkRow
    bool stale = false;  // its measurer has fallen silent; the last state is used
    std::optional<double> age_ms;
    std::uint64_t samples = 0;
    std::uint32_t epoch = 0;  // how often its measurer had fallen silent before
    double delay_ms = 0;
    double loss_ms = 0;
    double load_ms = 0;
    double hold_ms = 0;
};
struct CandidateRow {
    std::vector<CandidateLink> links;
    std::optional<double> cost_ms;  // none: cannot be used
    bool in_use = false;
    bool is_backup = false;
    std::string why_not;  // a node of it may not relay; empty: all may
};
struct PathChoice {
    std::string from;
    std::string to;
    std::string policy;
    std::string rule;                      // of cost: "rtt", "rtt-loss", "lyapunov"
    std::string why;                       // the path in use is; empty if `from` is another node
    std::vector<CandidateRow> candidates;  // cheapest first
};

class NodeView {
  public:
    virtual ~NodeView() = default;
    virtual NodeStatus status() const = 0;
    virtual const EdgeConfig& config() const = 0;
    virtual ConfigState config_state() const = 0;
    virtual Totals totals() const = 0;
    virtual std::vector<PortInfo> port_infos() const = 0;
    virtual std::vector<PortStats> port_stats() const = 0;
    virtual std::vector<LcoreRow> lcores() const = 0;
    virtual std::vector<LinkRow> links() const = 0;
    virtual std::vector<PathRow> paths() const = 0;
    virtual std::vector<ServiceRow> services() const = 0;
    virtual FlowPage flows(std::size_t most) const = 0;
    virtual std::vector<VerdictRow> verdicts() const = 0;
    virtual std::vector<RttRow> rtts() const = 0;
    virtual std::vector<ProbeRow> probes() const = 0;
    // By names of nodes and policy (empty: the default one); an error if one is not known.
    virtual Result<PathChoice> explain_path(const std::string& from, const std::string& to,
                                            const std::string& policy) const = 0;
};

// The few things a command changes. Each returns an error that says why it could not be done.
class NodeControl {
  public:
    virtual ~NodeControl() = default;
    virtual Result<void> start() = 0;
    virtual Result<void> stop() = 0;
    virtual void quit() = 0;  // asks the process to end after the answer was sent
    virtual void clear_forward_stats() = 0;
    virtual Result<void> clear_port_stats(std::uint16_t port) = 0;
    // Republishes the route table that many times a second; 0 stops.
    virtual Result<void> set_rewrites(std::uint32_t per_second) = 0;
};

}  // namespace izar
