// measurements.h -- Measurements: what agents measure, as rows of the store, a round at a time.
//
//   system_info      every sample of a node
//   network_metrics  the latest of each ordered pair whose link lives, with its far end's CPU and virtual queues
//   history          RTT, loss and used bandwidth of links; CPU, used bandwidth and legs outside the overlay of nodes
//
// A round writes at most kLinksARound links, so that a large fleet does not hold the loop up: a larger one is written
// less often, a link at a time in turn.
//
// Thread: one, that of the store; time is a parameter.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "ctrl/history/history_recorder.h"
#include "ctrl/store/store.h"
#include "dataplane/base/result.h"
#include "dataplane/tables/fleet.h"
#include "probes/leg_rtts.h"
#include "sched/policy.h"
#include "sched/virtual_queue.h"

namespace izar {

class Measurements {
  public:
    static constexpr std::size_t kLinksARound = 1'000;
    static constexpr std::size_t kSamples = 10;  // behind a node's means and variance

    explicit Measurements(Store& store) : store_(store) {}

    // Of a node's samples within a round the newest counts.
    void take_sample(NodeId node, SystemInfo sample);

    // A leg of a node outside the overlay, in the same manner.
    void take_leg(NodeId node, const MeasuredLeg& leg) { legs_[{node, leg.leg}] = leg.measured.mean; }

    // Its row of links is forgotten: they leave the table with the next round.
    void withdraw(NodeId node) { withdrawn_.insert(node); }

    // Ends the round: judges the nodes' CPU, and writes. What could not be written is lost, and the error says why.
    Result<void> write_round(const LinkRows& rows, const std::map<NodeId, FleetNode>& nodes, WallTime now);

    // Of nodes that had a sample in the last round.
    const std::map<NodeId, NodeLoad>& loads() const noexcept { return loads_; }

  private:
    void judge_cpu();
    void judge_uplinks(const std::map<NodeId, Bandwidth>& uplinks);

    Store& store_;
    HistoryRecorder recorder_{std::chrono::seconds{1}};  // every round takes links: the store's buckets thin them out
    VirtualQueues queues_;
    std::map<NodeId, SystemInfo> samples_;          // since the last round
    std::set<NodeId> withdrawn_;                    // the same
    std::map<std::pair<NodeId, Leg>, Nanos> legs_;  // RTT since the last round
    std::map<NodeId, std::deque<double>> cpu_;
    std::map<NodeId, std::deque<double>> used_;  // bits a second
    std::map<NodeId, NodeLoad> loads_;
};

}  // namespace izar
