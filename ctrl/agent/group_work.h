// group_work.h -- GroupWork: what an agent does as a member of its region's group, and as its master.
//
// Every member asks for the region's lease. Who has it assigns probes every kProbeRound, by way of the controller;
// every member probes what the newest master assigned, and tells the controller what came of it. And whenever the
// controller tells the members' loads, the master says which share of the region's clients each is to take in. Who
// answers STAMP probes is told with them.
//
// Thread: the event loop's.
#pragma once

#include <functional>
#include <vector>

#include "ctrl/agent/prober.h"
#include "ctrl/frames/static_data.h"
#include "ctrl/group/group_member.h"
#include "ctrl/group/probe_plan.h"
#include "ctrl/group/region_weights.h"
#include "ctrl/loop/event_loop.h"

namespace izar {

namespace control {
class GroupLoads;
class GroupState;
class ProbeTasks;
class ToController;
}  // namespace control

// The port of a node that is probed: of GENEVE, where nobody listens by TCP, so that its kernel refuses at once.
inline constexpr std::uint16_t kNodeProbePort = 6'081;

class GroupWork {
  public:
    // Of this process' life; an operator sees by them whom a node obeyed.
    struct Counts {
        std::uint64_t rounds_assigned = 0;  // of probes, as master
        std::uint64_t shares_set = 0;       // as master, too
        std::uint64_t rounds_obeyed = 0;    // assigned to this node
        std::uint64_t rounds_refused = 0;   // of a former master
        GroupEpoch obeyed_epoch{};          // of the newest round; 0: there was none
    };
    using Send = std::function<void(const control::ToController&)>;

    // `send_stamp` hands STAMP sessions to izar-edge.
    GroupWork(EventLoop& loop, NodeId self, Send send, Prober::SendStamp send_stamp);

    // The members of our region, what there is to probe (all nodes and all origins), and how shares move.
    void set_static(const StaticData& data);
    // While there is a controller, and izar-edge runs: else another member is to lead.
    void set_taking_part(bool takes_part);
    void take_state(const control::GroupState& state);
    void take_tasks(const control::ProbeTasks& tasks);
    void take_loads(const control::GroupLoads& loads);
    void take_stamp(const StampReport& report) { prober_.take_stamp(report); }

    bool is_master() const { return member_.is_master(loop_.now()); }
    const GroupState& state() const noexcept { return member_.state(); }
    const Counts& counts() const noexcept { return counts_; }

  private:
    void turn();
    void assign();
    void take_stamp_peers(const control::GroupLoads& loads);
    void tell(const std::vector<ProbeAnswer>& answers);
    void follow_policy(const std::string& text);

    EventLoop& loop_;
    NodeId self_;
    Send send_;
    GroupMember member_;
    Counts counts_;
    Prober prober_;
    std::vector<NodeId> members_;  // in order
    std::vector<ProbeTarget> targets_;
    std::vector<ProbeTarget> stamp_members_;  // of our group, that answer STAMP probes
    std::vector<ProbeTarget> stamp_masters_;  // of other groups
    std::string policy_text_;                 // routing-policy.yaml, as last_mile_ was read from
    LastMilePolicy last_mile_;                // how the master moves weights
    RegionWeights weights_;
    GroupEpoch weights_epoch_{};  // of our own that they are of
    std::uint64_t round_ = 0;
    Instant next_round_{};
    Timer timer_;
};

}  // namespace izar
