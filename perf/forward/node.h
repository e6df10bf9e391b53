// node.h -- TestNode: one node of izar between two ports of the rig, built of production parts.
//
// Thread: built by main. An lcore's state belongs to the lcore once it runs; publish_routes() is the scheduler
//         thread's part and may run beside it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/lcore/data_plane.h"
#include "perf/forward/link_ends.h"
#include "perf/forward/scenario.h"
#include "perf/forward/wire.h"

namespace izar {

class TestNode {
  public:
    // EAL is up, with an lcore 1 and on, one for each of the scenario's. Links are up, next hops are known, one route
    // table is published.
    static Result<std::unique_ptr<TestNode>> make(const Scenario& scenario, const TscClock& clock);
    ~TestNode();
    TestNode(const TestNode&) = delete;

    // Publishes a route table in which the path to east is direct, or by way of west if `detour`. False if no
    // table was free, because the lcore still reads them all.
    bool publish_routes(const OnSched& on_sched, bool detour) noexcept;
    // Takes the reports that the scheduler thread would take, so that their ring does not fill.
    void drain_reports() noexcept;

    LcoreLoop& loop(unsigned lcore = 0) noexcept { return plane_->loop(lcore); }
    LcoreState& state(unsigned lcore = 0) noexcept { return *plane_->states()[lcore]; }
    LcoreCounters counted() const { return plane_->counted(); }
    Publisher& publisher() noexcept { return plane_->publisher(); }
    LcoreControl& control() noexcept { return plane_->control(); }
    rte_mempool* pool() noexcept { return pool_; }
    const std::vector<Port>& ports() const noexcept { return plane_->ports(); }
    // The generator's end; ports of kind pcap have none.
    Wire& wire(PortIndex port) noexcept { return *wires_[raw(port)]; }

  private:
    TestNode() = default;
    Result<void> open(const Scenario& scenario, const TscClock& clock);
    Result<std::vector<Port>> open_ports_of(const Scenario& scenario, const TscClock& clock);
    void meet_neighbors(Instant now);
    void raise_links(Instant now) noexcept;

    rte_mempool* pool_ = nullptr;
    unsigned links_ = 1;
    std::array<std::unique_ptr<Wire>, 2> wires_;
    std::unique_ptr<DataPlane> plane_;
    std::unique_ptr<SealedLinks> sealed_links_;  // null: security is none
    std::shared_ptr<const Fleet> fleet_;
    std::shared_ptr<const ServiceTable> services_;
};

}  // namespace izar
