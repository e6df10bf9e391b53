// node.h -- TestNode: one node of izar with a single lcore between two ring ports, built of production parts.
//
// Thread: built by main. The lcore's state belongs to the lcore once it runs; publish_routes() is the scheduler
//         thread's part and may run beside it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/lcore/lcore_loop.h"
#include "perf/forward/link_ends.h"
#include "perf/forward/ring_port.h"
#include "perf/forward/scenario.h"

namespace izar {

class TestNode {
  public:
    // EAL is up, with an lcore 1. Links are up, next hops are known, one route table is published.
    static Result<std::unique_ptr<TestNode>> make(const Scenario& scenario, const TscClock& clock);
    ~TestNode();
    TestNode(const TestNode&) = delete;

    // Publishes a route table in which the path to east is direct, or by way of west if `detour`. False if no
    // table was free, because the lcore still reads them all.
    bool publish_routes(const OnSched& on_sched, bool detour) noexcept;
    // Takes the reports that the scheduler thread would take, so that their ring does not fill.
    void drain_reports() noexcept;

    LcoreLoop& loop() noexcept { return *loop_; }
    LcoreState& state() noexcept { return *state_; }
    Publisher& publisher() noexcept { return *publisher_; }
    LcoreControl& control() noexcept { return control_; }
    rte_mempool* pool() noexcept { return pool_; }
    const std::vector<Port>& ports() const noexcept { return ports_; }
    RingPort& wire(PortIndex port) noexcept { return *wires_[raw(port)]; }

  private:
    TestNode() = default;
    Result<void> open_wires();
    Result<void> make_lcore(const Scenario& scenario);
    void meet_neighbors(Instant now);
    void raise_links(Instant now) noexcept;

    rte_mempool* pool_ = nullptr;
    std::array<std::unique_ptr<RingPort>, 2> wires_;
    std::vector<Port> ports_;
    std::unique_ptr<Interfaces> interfaces_;
    std::unique_ptr<NeighborTable> neighbors_;
    std::unique_ptr<SharedLinks> links_;
    std::unique_ptr<HandOver> hand_over_;
    std::unique_ptr<Publisher> publisher_;
    std::unique_ptr<Shared> shared_;
    LinkReportRing reports_;
    std::unique_ptr<SealedLinks> sealed_links_;  // null: security is none
    std::unique_ptr<LcoreState> state_;
    LcoreControl control_;
    std::unique_ptr<LcoreLoop> loop_;
    std::shared_ptr<const Fleet> fleet_;
    std::shared_ptr<const ServiceTable> services_;
};

}  // namespace izar
