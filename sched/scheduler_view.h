// scheduler_view.h -- SchedulerView: how the main thread looks at what the scheduler thread knows.
//
// Thread: ask_*() by any thread but the scheduler's and the lcores'; take_question() and answer() by the scheduler
//         thread, which holds the lock only to move a value. Nothing is copied while nobody asks.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/types.h"
#include "sched/link_estimate.h"
#include "sched/policy.h"

namespace izar {

struct LinkStatus {
    NodeId node = kNoNode;  // the far one
    std::string name;
    LinkState state = LinkState::unknown;
    bool held = false;                 // back from down, used only where nothing else is left
    std::optional<Nanos> smoothed;     // RTT; none: not measured
    std::optional<Nanos> minimum;      // of the last 10 to 20 s
    std::optional<Nanos> variation;    // mean deviation
    std::optional<Nanos> age;          // of the newest RTT
    std::optional<Nanos> unchanged;    // time since the last change of state
    double loss = 0;                   // 0..1, of packets from the far node, lately
    std::optional<std::uint16_t> mtu;  // bytes of an IP packet on the underlay; none: not known
    std::optional<BitRate> used;       // goes out on it, over the last window; none: not measured
    std::optional<BitRate> capacity;   // of the uplink that all links share; none: not known
    std::uint64_t samples = 0;         // of RTT, since start
    std::uint64_t lost = 0;            // packets, since start
    std::uint64_t reordered = 0;       // packets, since start
    std::uint32_t times_down = 0;
    std::string why;  // of the last change: "silent", "heard again"; empty: none yet
};

struct PathStatus {
    NodeId node = kNoNode;  // the destination
    std::string name;
    std::string policy;            // by which the path was chosen
    std::vector<NodeId> segments;  // empty: no path
    std::vector<std::string> segment_names;
    std::optional<Nanos> predicted;         // RTT of the path: the sum of its links
    std::optional<Nanos> measured;          // the same by probes along it, or of the link that it is; none: not lately
    std::optional<Nanos> direct;            // RTT of the link to the node, if it is measured
    std::vector<std::string> backup_names;  // empty: no backup
    std::optional<Nanos> unchanged;         // time since this path was taken
    std::uint32_t switches = 0;
    std::string why;  // this one
};

// One candidate of a choice, with the terms of each of its links.
struct PathExplanation {
    struct Link {
        std::string from;
        std::string to;
        LinkState state = LinkState::unknown;
        bool stale = false;  // frozen: its source is silent
        std::optional<Nanos> age;
        std::uint64_t count = 0;  // samples behind it
        std::uint32_t epoch = 0;  // LinkView::epoch
        CostTerms terms;
    };
    std::vector<Link> links;
    std::optional<Nanos> cost;  // none: cannot be used
    bool in_use = false;
    bool is_backup = false;
    std::string why_not;  // a node of it may not relay; empty: all may
};

struct Explanation {
    std::string from;
    std::string to;
    std::string policy;
    std::string rule;                         // of the policy's cost: "rtt", "rtt-loss", "lyapunov"
    std::string why;                          // the path in use is the one in use; empty if `from` is another node
    std::vector<PathExplanation> candidates;  // cheapest first, the direct one always among them
    std::string error;                        // not empty: a node or the policy is not known
};

struct SchedulerStatus {
    NodeId self = kNoNode;
    std::string rule;  // of the default policy's cost
    bool feed_live = false;
    std::uint64_t generation = 0;      // of the newest table
    std::uint64_t published = 0;       // tables
    std::uint64_t coalesced = 0;       // rounds that found no free table
    std::uint64_t plans = 0;           // rounds that looked at paths
    std::uint64_t reports = 0;         // from lcores
    std::optional<Nanos> last_cut;     // from the lcore's report of a dead link to the new table
    std::optional<Nanos> slowest_cut;  // of all
    std::vector<LinkStatus> links;     // by slot
    std::vector<PathStatus> paths;     // by policy, then slot
};

class SchedulerView {
  public:
    // None: the scheduler thread did not answer within `patience`.
    std::optional<SchedulerStatus> ask_status(Nanos patience);
    // An empty name asks about the default policy.
    std::optional<Explanation> ask_explanation(NodeId from, NodeId to, std::string policy, Nanos patience);

    struct Question {
        enum class Kind : std::uint8_t { status, explanation };
        Kind kind = Kind::status;
        NodeId from = kNoNode;
        NodeId to = kNoNode;
        std::string policy{};
        std::uint64_t number = 0;
    };
    // The oldest question without answer, if any; one relaxed load if there is none.
    std::optional<Question> take_question();
    void answer(const Question& question, SchedulerStatus status);
    void answer(const Question& question, Explanation explanation);

  private:
    template <typename Answer>
    std::optional<Answer> ask(Question question, Nanos patience, std::optional<Answer> SchedulerView::*answer);

    std::mutex one_asks_;  // one question at a time
    std::mutex mutex_;
    std::condition_variable answered_;
    std::atomic<bool> asked_{false};
    std::optional<Question> question_;
    std::uint64_t last_number_ = 0;
    std::optional<SchedulerStatus> status_;
    std::optional<Explanation> explanation_;
};

}  // namespace izar
