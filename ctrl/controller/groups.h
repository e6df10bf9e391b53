// groups.h -- Groups: the controller's side of the regions' groups: their masters' leases, the probes that masters
// assign, and what came of them, as rows of region_probe_info; of STAMP probes also as history.
//
// A lease's epochs come from the store, a block at a time, so that no controller of the fleet ever gives one twice, and
// one that lost its lead gives none.
//
// Thread: one, that of the store; time is a parameter.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ctrl/controller/desired_state.h"
#include "ctrl/group/group_leases.h"
#include "ctrl/group/probe_plan.h"
#include "ctrl/store/store.h"

namespace izar {

namespace control {
class GroupShares;
class GroupTasks;
class ProbeResults;
class ProbeTasks;
}  // namespace control

class Groups {
  public:
    static constexpr std::size_t kMostWaiting = 5'000;   // results between two rounds; more are left out
    static constexpr std::uint64_t kEpochBlock = 1'000;  // epochs that a controller takes out of the store at once

    Groups(Store& store, Instant begun, std::function<WallTime()> wall_clock);

    // A member asks for its region's lease.
    GroupState claim(const NodeRecord& member, Instant now) { return leases_.claim(member.region, member.id, now); }

    // What each member is to be told. None if `from` does not lead its region with the epoch it names; of what it
    // assigns only members of its region count, and only nodes and origins of the fleet.
    std::optional<std::map<NodeId, control::ProbeTasks>> assigned(const NodeRecord& from,
                                                                  const control::GroupTasks& tasks,
                                                                  const DesiredState& fleet, Instant now) const;
    // What each node is to take in of its region's clients, in thousandths. None if `from` does not lead its region
    // with the epoch it names.
    std::optional<std::map<NodeId, std::uint32_t>> shares_told(const NodeRecord& from,
                                                               const control::GroupShares& shares, Instant now) const;
    // Counts an assignment that was none. Whether to tell operators: of one node once a lease, however much it sends.
    bool note_refused(const NodeRecord& from, Instant now);
    void take_results(const NodeRecord& from, const control::ProbeResults& results, const DesiredState& fleet);
    // What could not be written is lost, and the error says why.
    Result<void> write_round();

    GroupState state(const std::string& region, Instant now) const { return leases_.state(region, now); }

    struct Row {
        std::string region;
        std::size_t members = 0;
        GroupState state;
        std::uint64_t answered = 0;  // probes, since this controller began
        std::uint64_t lost = 0;
        std::uint64_t refused = 0;  // assignments, since then
    };
    std::vector<Row> rows(const DesiredState& fleet, Instant now) const;

  private:
    struct Counts {
        std::uint64_t answered = 0;
        std::uint64_t lost = 0;
        std::uint64_t refused = 0;
    };
    std::optional<GroupEpoch> next_epoch();
    void note_stamp(NodeId from, const ProbeAnswer& answer, WallTime now);

    Store& store_;
    std::function<WallTime()> wall_clock_;
    std::uint64_t next_epoch_ = 0;
    std::uint64_t end_of_block_ = 0;
    GroupLeases leases_;
    std::vector<RegionProbe> waiting_;
    std::vector<HistorySample> stamps_;     // waiting, too
    std::map<std::string, Counts> counts_;  // by region
    std::map<NodeId, Instant> refusals_told_;
};

}  // namespace izar
