// edge_view.h -- EdgeView: what the shell sees of a running EdgeProcess, and the few things it changes.
//
// Thread: the main thread only. Looks at snapshots, relaxed words and the scheduler's answers; waits at most
//         kPatience for the scheduler thread or an lcore, then shows what it has.
#pragma once

#include <array>
#include <optional>

#include "dataplane/shell/node_view.h"
#include "probes/rtt_histogram.h"
#include "tools/edge/edge_process.h"

namespace izar {

class EdgeView : public NodeView, public NodeControl {
  public:
    static constexpr Nanos kPatience = std::chrono::milliseconds{100};

    explicit EdgeView(EdgeProcess& edge) : edge_(edge), started_(edge.clock().now()) {}

    NodeStatus status() const override;
    const EdgeConfig& config() const override { return edge_.config(); }
    ConfigState config_state() const override { return edge_.config_state(); }
    Totals totals() const override;
    std::vector<PortInfo> port_infos() const override;
    std::vector<PortStats> port_stats() const override;
    std::vector<LcoreRow> lcores() const override;
    std::vector<LinkRow> links() const override;
    std::vector<PathRow> paths() const override;
    std::vector<ServiceRow> services() const override;
    FlowPage flows(std::size_t most) const override;
    std::vector<VerdictRow> verdicts() const override;
    std::vector<RttRow> rtts() const override;
    std::vector<ProbeRow> probes() const override;
    Result<PathChoice> explain_path(const std::string& from, const std::string& to,
                                    const std::string& policy) const override;

    Result<void> start() override;
    Result<void> stop() override;
    void quit() override { quit_ = true; }
    void clear_forward_stats() override;
    Result<void> clear_port_stats(std::uint16_t port) override;
    Result<void> set_rewrites(std::uint32_t per_second) override;

    bool wants_to_quit() const noexcept { return quit_; }

  private:
    // Counters are never reset where they are counted; clearing remembers what to subtract.
    LcoreCounters counters_of(std::size_t lcore) const;
    std::string node_name(NodeId id) const;
    std::optional<LegRtt> leg_of(ServiceId service, Leg leg, LegRtts LcoreState::*which) const;
    NodeId node_id(const std::string& name) const;  // kNoNode: not known
    RttDistribution rtts_of(NodeSlot link) const;
    std::uint64_t link_total(NodeSlot slot, std::atomic<std::uint64_t> LinkCounters::*which) const;

    EdgeProcess& edge_;
    Instant started_;
    bool quit_ = false;
    std::array<LcoreCounters, kMaxLcores> cleared_{};
    std::array<PortCounters, kMaxPorts> ports_cleared_{};
};

}  // namespace izar
