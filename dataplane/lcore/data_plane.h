// data_plane.h -- DataPlane: the lcores of one node with all that they share, built in order and wired to each other.
//
// Thread: built and destroyed by main, before the lcores start and after they ended. What each part allows meanwhile
//         stands in its own header.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/config/edge_config.h"
#include "dataplane/lcore/lcore_loop.h"
#include "dataplane/lcore/lcore_state.h"

namespace izar {

struct DataPlaneOptions {
    std::string name;  // in front of DPDK's objects' names, which are one namespace for the process
    std::uint8_t lcores = 1;
    MemoryConfig memory;
    LinkConfig links;
    IdleMode idle = IdleMode::spin;
    StampReflector stamp{};
    std::vector<StampSession> stamp_sessions{};  // that this node sends from the beginning
    std::function<std::uint64_t()> random;  // seeds of hashes and queues; different for each process that is attacked
};

class DataPlane {
  public:
    // `ports` are open and stay the caller's to close, after the lcores; `pool` has their packet buffers. Allocates
    // everything. The error says what is missing.
    static Result<std::unique_ptr<DataPlane>> make(const DataPlaneOptions& options, std::vector<Port> ports,
                                                   std::unique_ptr<const Interfaces> interfaces, rte_mempool* pool);
    DataPlane(const DataPlane&) = delete;

    const std::vector<Port>& ports() const noexcept { return ports_; }
    const Interfaces& interfaces() const noexcept { return *interfaces_; }
    NeighborTable& neighbors() noexcept { return neighbors_; }
    SharedLinks& links() noexcept { return links_; }
    const SharedLinks& links() const noexcept { return links_; }
    HandOver& hand_over() noexcept { return *hand_over_; }
    Publisher& publisher() noexcept { return publisher_; }
    LcoreControl& control() noexcept { return control_; }
    std::size_t size() const noexcept { return states_.size(); }  // lcores
    const std::vector<std::unique_ptr<LcoreState>>& states() const noexcept { return states_; }
    LcoreLoop& loop(std::size_t lcore) noexcept { return *loops_[lcore]; }
    // The scheduler thread's ends of the rings that lcores report links by.
    std::vector<LinkReportRing*> reports() const;
    std::vector<LcoreState*> state_list() const;
    // The scheduler thread's ends of the rings of STAMP sessions.
    StampSessionRing& stamp_sessions() noexcept { return stamp_sessions_; }
    StampReportRing& stamp_reports() noexcept { return stamp_reports_; }
    // What all lcores have counted, from their snapshots; any thread may ask.
    LcoreCounters counted() const;
    // RTT of a leg outside the overlay over all services and lcores, by what ended within LegRtts::kWindow: handshakes;
    // where there was none, timestamps of connections under way. samples == 0: neither. Any thread may ask.
    Measurement leg(Leg leg, Instant now) const;

  private:
    DataPlane(const DataPlaneOptions& options, std::vector<Port> ports, std::unique_ptr<const Interfaces> interfaces,
              std::unique_ptr<HandOver> hand_over, rte_mempool* pool);

    std::vector<Port> ports_;
    std::unique_ptr<const Interfaces> interfaces_;
    NeighborTable neighbors_;
    SharedLinks links_;
    std::unique_ptr<HandOver> hand_over_;
    Publisher publisher_;
    HandshakeTimes handshakes_;
    StampBoard stamp_board_;
    StampSessionRing stamp_sessions_;
    StampReportRing stamp_reports_;
    Shared shared_;
    std::vector<std::unique_ptr<LinkReportRing>> reports_;
    std::vector<std::unique_ptr<LcoreState>> states_;
    std::vector<std::unique_ptr<LcoreLoop>> loops_;
    LcoreControl control_;
};

}  // namespace izar
