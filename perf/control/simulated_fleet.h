// simulated_fleet.h -- SimulatedFleet: simulated agents, each a TLS connection to a real controller.
//
// Each says hello, sends its row of links and its system sample every 5 s, and acknowledges what it is told, as
// izar-agent does. Its row goes out by izar-agent's own code, as items or as a summary (ctrl/agent/row_report.h).
//
// Thread: the event loop's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ctrl/channel/channel.h"
#include "ctrl/frames/static_data.h"
#include "dataplane/base/random.h"
#include "perf/control/row_writer.h"
#include "perf/control/simulated_mesh.h"
#include "sched/summary/exchange.h"

namespace izar {

namespace control {
class LinkEvent;
class StaticUpdate;
class ToController;
}  // namespace control

struct FleetOptions {
    std::string controller;  // program
    std::string agent;       // program, of one node; empty: none is real
    std::size_t agents = 1'000;
    std::size_t regions = 10;
    int seconds = 60;
    int changes = 40;       // of static data
    bool summaries = true;  // false: agents that tell rows as items only
    std::uint64_t seed = 1;
};

// Rows that agents told.
struct RowsTold {
    std::size_t rows = 0;
    std::size_t summaries = 0;  // of them went out as one
    std::uint64_t bytes = 0;
    friend RowsTold operator-(const RowsTold& a, const RowsTold& b) {
        return {a.rows - b.rows, a.summaries - b.summaries, a.bytes - b.bytes};
    }
};

class SimulatedFleet;

struct SimulatedAgent : ChannelEvents {
    SimulatedAgent(SimulatedFleet& all, std::size_t at, NodeId id, TlsContext context)
        : fleet(all), index(at), node(id), tls(std::move(context)) {}
    void on_open() override;
    bool on_message(std::span<const std::uint8_t> payload) override;
    void on_end(const std::string& why) override;
    void send(const control::ToController& message);

    SimulatedFleet& fleet;
    std::size_t index;
    NodeId node;
    TlsContext tls;
    std::unique_ptr<Channel> channel;
    bool open = false;
    std::uint64_t received = 0;  // bytes of messages
};

class SimulatedFleet {
  public:
    static constexpr Nanos kRowInterval = std::chrono::seconds{5};
    static constexpr Nanos kEventInterval = std::chrono::milliseconds{500};

    SimulatedFleet(EventLoop& loop, const FleetOptions& options, std::function<WallSeconds()> wall_clock);

    void add(NodeId id, TlsContext tls);
    void connect(const SocketAddress& controller);
    bool all_open() const;
    std::size_t size() const noexcept { return agents_.size(); }
    std::uint64_t received() const;  // bytes of messages, by all
    RowsTold rows_told() const noexcept { return rows_told_; }

    // A part of the fleet at a time, each agent every kRowInterval.
    void start_reports();
    // One agent after the other reports a link down, and up again.
    void start_events();
    void stop_events() { event_timer_.cancel(); }
    void forget_events();
    // Of each event, until the last of the other agents had it, in ms; and how many did not get around in time.
    const std::vector<double>& event_latencies() const noexcept { return latencies_; }
    // The same until the agent that `heard_at` is of had it.
    const std::vector<double>& told_latencies() const noexcept { return told_; }
    std::size_t events_lost() const noexcept { return events_lost_; }

    // Static updates that came to agents since the last call, one of each agent counted.
    void expect_static() { static_left_ = agents_.size(); }
    bool all_have_static() const noexcept { return static_left_ == 0; }

    std::string failure;                // empty: none
    std::function<void()> on_death;     // an agent heard of a dead link
    std::function<Instant()> heard_at;  // when another agent, which is not of this fleet, last did

    // The agents' calls.
    void on_event(const control::LinkEvent& event);
    // False: the update does not fit what is there. All have the same nodes: one keeps them for all.
    bool on_static(const control::StaticUpdate& update);
    void on_row_taken(SimulatedAgent& agent, const control::RowTaken& taken);
    // The generation that a summary brings. All that hold the same get the same bytes: they are decoded once.
    std::optional<std::uint32_t> generation_of(const std::string& summary);

  private:
    struct Waiting {
        NodeId from;
        NodeId to;
        Instant begun;
        std::size_t left;
    };
    void send_rows();
    void send_sample(SimulatedAgent& agent);
    void tell_event(std::size_t from, std::size_t to, bool reachable);

    EventLoop& loop_;
    const FleetOptions& options_;
    std::function<WallSeconds()> wall_clock_;
    Random random_;
    SimulatedMesh mesh_;
    std::vector<std::unique_ptr<SimulatedAgent>> agents_;
    std::size_t next_row_ = 0;
    std::optional<Waiting> waiting_;
    std::vector<double> latencies_;
    std::vector<double> told_;
    std::size_t events_lost_ = 0;
    std::size_t static_left_ = 0;
    StaticData static_;
    RowWriter rows_;
    RowsTold rows_told_;
    SummaryReceiver receiver_;
    std::string last_summary_;
    std::optional<std::uint32_t> last_generation_;
    Timer row_timer_;
    Timer event_timer_;
};

}  // namespace izar
