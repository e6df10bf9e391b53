// edge_process.h -- EdgeProcess: the parts of one izar-edge, built in order and wired to each other.
//
// Thread: built and destroyed by main. start() launches the lcores and the scheduler thread, stop() ends and
//         joins them. In between main only looks (snapshots, the scheduler's view) and sets control words.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ctrl/ring/edge_feed.h"
#include "dataplane/config/config_state.h"
#include "dataplane/config/edge_config.h"
#include "dataplane/lcore/data_plane.h"
#include "dataplane/lcore/node_security.h"
#include "dataplane/lcore/placement.h"
#include "sched/scheduler.h"
#include "tools/trace/trace_recorder.h"

namespace izar {

class EdgeProcess {
  public:
    // DPDK's EAL must be up, with EAL lcores 1..config.lcores. `wall_offset` is wall-clock time less `clock`'s.
    // The error says what is missing.
    static Result<std::unique_ptr<EdgeProcess>> make(EdgeConfig config, RoutingPolicies policies, Placement placement,
                                                     const TscClock& clock, Nanos wall_offset);
    ~EdgeProcess();
    EdgeProcess(const EdgeProcess&) = delete;

    // Before start(): everything that the scheduler thread is told also goes to the recorder.
    Result<void> record(const std::string& file);
    // The main thread, often: writes what was recorded. Returns false once when recording has ended by itself.
    bool write_trace();

    Result<void> start();
    void stop() noexcept;

    // Reads the file of link secrets again; they replace those in force without a packet lost, unless a controller has
    // told others. Gives what is in force then, as a line of the log; the error says what is wrong with the file, and
    // nothing changes. With `security: none` there is nothing to read.
    Result<std::string> reload_secrets();

    // What came of reading the files again: main tells it here, for the shell and the agent.
    void set_config_state(ConfigState state);
    const ConfigState& config_state() const noexcept { return config_state_; }

    // Main takes what the agent brought since the last call: fleet(), services() and policies() are the newest from
    // then on, and references to the former ones end. True if there was anything.
    bool follow_agent();
    // Main takes why something that the controller told was refused, if it was since the last call.
    std::optional<std::string> take_refusal();

    // What an lcore's thread is given at its launch.
    struct LcoreStart {
        LcoreLoop* loop = nullptr;
        const TscClock* clock = nullptr;
        const Placement* placement = nullptr;
    };

    const EdgeConfig& config() const noexcept { return config_; }
    const RoutingPolicies& policies() const noexcept { return *policies_; }
    const Placement& placement() const noexcept { return placement_; }
    const TscClock& clock() const noexcept { return clock_; }
    const std::vector<Port>& ports() const noexcept { return plane_->ports(); }
    const Interfaces& interfaces() const noexcept { return plane_->interfaces(); }
    const std::vector<std::unique_ptr<LcoreState>>& lcores() const noexcept { return plane_->states(); }
    const SharedLinks& links() const noexcept { return plane_->links(); }
    const NodeSecurity* security() const noexcept { return security_.get(); }  // null: security is none
    const Fleet& fleet() const noexcept { return *fleet_; }
    const ServiceTable& services() const noexcept { return *services_; }
    // What all lcores have counted since the process began; any thread may ask.
    LcoreCounters counted() const { return plane_->counted(); }
    SchedulerView& view() noexcept { return view_; }
    Publisher& publisher() noexcept { return plane_->publisher(); }
    LcoreControl& control() noexcept { return plane_->control(); }
    // The newest report of each STAMP session, by slot. Main asks.
    std::vector<StampReport> stamp_reports();
    // Route rewrites a second that the scheduler thread makes whether anything changed or not.
    std::atomic<std::uint32_t>& forced_rewrites() noexcept { return forced_rewrites_; }

  private:
    EdgeProcess(EdgeConfig config, RoutingPolicies policies, Placement placement, const TscClock& clock)
        : config_(std::move(config)),
          policies_(std::make_shared<const RoutingPolicies>(std::move(policies))),
          placement_(std::move(placement)),
          clock_(clock) {}
    Result<void> open();
    Result<void> secure_links();
    void feed_configuration();
    Result<void> meet_agent();
    bool take_from_agent();
    void tell_agent();
    bool carry_stamp();
    void run_scheduler() noexcept;

    EdgeConfig config_;
    std::shared_ptr<const RoutingPolicies> policies_;
    Placement placement_;
    const TscClock& clock_;
    Nanos wall_offset_{};
    std::unique_ptr<DataPlane> plane_;
    std::array<LcoreStart, kMaxLcores> starts_;
    std::shared_ptr<const Fleet> fleet_;
    std::shared_ptr<const ServiceTable> services_;
    FeedRing feed_;
    SchedulerView view_;
    std::unique_ptr<NodeSecurity> security_;
    std::unique_ptr<TraceRecorder> recorder_;  // null: nothing is recorded
    bool trace_ended_ = false;
    std::unique_ptr<Scheduler> scheduler_;
    std::unique_ptr<EdgeFeed> agent_;  // the scheduler thread's
    std::uint64_t refusals_ = 0;       // of the agent's feed, as the scheduler thread saw it last
    std::mutex newest_mutex_;          // held to move two pointers
    std::shared_ptr<const Fleet> newest_fleet_;
    std::shared_ptr<const ServiceTable> newest_services_;
    std::shared_ptr<const RoutingPolicies> newest_policies_;  // null: as they are
    std::optional<std::string> refusal_;                      // the newest
    std::map<std::uint16_t, StampReport> stamp_reports_;      // by slot; under newest_mutex_ as well
    std::optional<ConfigState> newest_config_state_;          // not yet with the agent; under newest_mutex_ as well
    ConfigState config_state_;                                // main's
    std::thread scheduler_thread_;
    std::atomic<bool> stop_scheduler_{false};
    std::atomic<bool> has_told_secrets_{false};  // link secrets of a controller are in force
    std::atomic<std::uint32_t> forced_rewrites_{0};
};

}  // namespace izar
