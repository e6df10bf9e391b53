// fake_node.h -- A node with known rows, for the tests of this folder: a source of data, nothing more.
//
// Thread: the test's.
#pragma once

#include <string>
#include <vector>

#include "dataplane/shell/node_view.h"

namespace izar {

class FakeNode final : public NodeView, public NodeControl {
  public:
    FakeNode() {
        config_.name = "ams";
        config_.id = NodeId{1};
        config_.overlay_port = "wan";
        config_.control_socket = "/run/izar/ams/edge.sock";
    }

    NodeStatus status() const override {
        return {
            .name = "ams", .id = 1, .forwarding = forwarding, .security = "none", .generation = 7, .uptime_s = 12.5};
    }
    const EdgeConfig& config() const override { return config_; }
    ConfigState config_state() const override {
        return {.generation = 2,
                .problem = "edge.yaml:3:1: first\nedge.yaml:9:1: second",
                .needs_restart = {"lcores", "links.interval"},
                .read_again = std::chrono::sys_seconds{std::chrono::seconds{1'790'000'000}}};
    }
    Totals totals() const override {
        return {.rx = 100, .made = 5, .tx = 90, .dropped = 10, .consumed = 4, .held = 1, .accounted = true};
    }
    std::vector<PortInfo> port_infos() const override {
        return {{.port = 0,
                 .name = "wan",
                 .device = "net_null0",
                 .mac = "02:00:00:00:00:01",
                 .mtu = 1500,
                 .link_up = true,
                 .rx_queues = 1,
                 .tx_queues = 1,
                 .addresses = {"10.77.0.1/24", "fd77::1/64"}},
                {.port = 1,
                 .name = "lan",
                 .device = "net_null1",
                 .driver = "net_null",
                 .mac = "02:00:00:00:00:02",
                 .mtu = 9000,
                 .speed_mbps = 10000,
                 .numa_node = 0}};
    }
    std::vector<PortStats> port_stats() const override {
        return {{.port = 0, .name = "wan", .rx_packets = 60, .rx_bytes = 6000, .rx_pps = 1234.4},
                {.port = 1, .name = "lan", .rx_packets = 40, .tx_errors = 2}};
    }
    std::vector<LcoreRow> lcores() const override {
        return {{.lcore = 0,
                 .cpu = 1,
                 .numa_node = 0,
                 .totals = totals(),
                 .cycles_per_packet = 123.46,
                 .busy_ratio = 0.25,
                 .busy_cycles = 12963,
                 .pauses = 1},
                {.lcore = 1, .napping = true}};
    }
    std::vector<LinkRow> links() const override {
        return {{.peer = "par",
                 .peer_id = 2,
                 .address = "10.77.0.2",
                 .state = "up",
                 .rtt_ms = 10.1234,
                 .rtt_min_ms = 9.9,
                 .rtt_p99_ms = 14.5,
                 .loss_ratio = 0.015,
                 .reordered = 3,
                 .mtu = 1400,
                 .rx_packets = 50,
                 .tx_packets = 51,
                 .used_bps = 12'500'000,
                 .capacity_bps = 1'000'000'000,
                 .last_heard_ms = 4.2,
                 .detection_ms = 30,
                 .key_epoch = 17,
                 .changes = 1,
                 .last_change_ms = 1000,
                 .why = "heard"},
                {.peer = "lon", .peer_id = 3, .address = "10.77.0.3", .state = "unknown"}};
    }
    std::vector<PathRow> paths() const override {
        return {{.destination = "lon",
                 .policy = "default",
                 .segments = {"par", "lon"},
                 .predicted_rtt_ms = 18,
                 .measured_rtt_ms = 18.25,
                 .backup = {"lon"},
                 .share = 1,
                 .why = "12 ms better than direct"},
                {.destination = "par", .policy = "default", .segments = {"par"}, .share = 0.5}};
    }
    Result<PathChoice> explain_path(const std::string& from, const std::string& to,
                                    const std::string& policy) const override {
        if (to != "lon") {
            return fail("there is no node '" + to + "'");
        }
        return PathChoice{.from = from,
                          .to = to,
                          .policy = policy.empty() ? "default" : policy,
                          .rule = "rtt-loss",
                          .why = "first found",
                          .candidates = {{.links = {{.from = "ams", .to = "lon", .state = "up", .delay_ms = 8.5}},
                                          .cost_ms = 8.5,
                                          .in_use = true},
                                         {.links = {{.from = "ams", .to = "par", .state = "down"},
                                                    {.from = "par", .to = "lon", .state = "up", .delay_ms = 9}}}}};
    }
    std::vector<ServiceRow> services() const override {
        return {{.id = 100,
                 .name = "web",
                 .vip = "10.99.0.80",
                 .protocol = "tcp",
                 .ports = "80",
                 .policy = "default",
                 .flows = 3,
                 .egresses = {{"par", 1, true}, {"lon", 2, false}},
                 .origins = {{"10.2.0.10:8080", 1, true}},
                 .client_leg = LegRtt{12.5, 12.25, 0.5, 7, 900},
                 .client_leg_in_flow = LegRtt{13.5, 12.125, 0.75, 70, 9}},
                {.id = 101, .name = "echo", .vip = "10.99.0.80", .protocol = "icmp", .policy = "eu-only"}};
    }
    FlowPage flows(std::size_t most) const override {
        asked_flows = most;
        return {.rows = {{.service = "web",
                          .protocol = "tcp",
                          .client = "10.1.0.9:40000",
                          .vip = "10.99.0.80:80",
                          .role = "ingress",
                          .state = "established",
                          .egress = "par",
                          .path = {"par"},
                          .idle_ms = 3}},
                .total = 2000,
                .capacity = 262144,
                .exhausted = 5};
    }
    std::vector<VerdictRow> verdicts() const override {
        return {
            {.name = "no_service", .kind = VerdictKind::dropped, .packets = 10, .text = "No service has this \"vip\""},
            {.name = "keep_alive", .kind = VerdictKind::consumed, .packets = 4, .text = "A keep-alive arrived"}};
    }
    std::vector<RttRow> rtts() const override {
        return {{.peer = "par",
                 .samples = 1000,
                 .min_ms = 9.9,
                 .p50_ms = 10,
                 .p90_ms = 10.5,
                 .p99_ms = 12,
                 .max_ms = 13,
                 .age_ms = 1},
                {.peer = "lon"}};
    }
    std::vector<ProbeRow> probes() const override {
        return {{.peer = "10.77.0.9:862",
                 .asked_by = "config",
                 .interval_ms = 250,
                 .count = 100,
                 .sent = 40,
                 .samples = 38,
                 .lost = 1,
                 .rtt_ms = 20.5,
                 .least_ms = 20.25,
                 .variation_ms = 0.125,
                 .age_ms = 100},
                {.peer = "[fd77::9]:862", .asked_by = "agent", .interval_ms = 1000}};
    }

    Result<void> start() override {
        if (forwarding) {
            return fail("forwarding runs already; stop it first");
        }
        forwarding = true;
        return {};
    }
    Result<void> stop() override {
        forwarding = false;
        return {};
    }
    void quit() override { ++quits; }
    void clear_forward_stats() override { ++forward_clears; }
    Result<void> clear_port_stats(std::uint16_t port) override {
        cleared_ports.push_back(port);
        return {};
    }
    Result<void> set_rewrites(std::uint32_t per_second) override {
        rewrites = per_second;
        return {};
    }

    bool forwarding = false;
    int quits = 0;
    int forward_clears = 0;
    std::vector<std::uint16_t> cleared_ports;
    std::uint32_t rewrites = 0;
    mutable std::size_t asked_flows = 0;

  private:
    EdgeConfig config_;
};

}  // namespace izar
