// agent.h -- Agent: between a controller, by TLS, and this node's izar-edge, by shared memory.
//
// Thread: the event loop's. It never waits for either side: with no controller the feed is silent and izar-edge goes on
// with what it has; with no izar-edge everything is kept for its next life.
//
// Of several controllers it talks to one, and moves to the next when that one does not answer.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ctrl/agent/group_work.h"
#include "ctrl/agent/identity.h"
#include "ctrl/agent/renewal.h"
#include "ctrl/agent/row_report.h"
#include "ctrl/agent/system_sample.h"
#include "ctrl/channel/channel.h"
#include "ctrl/operator/operator_rows.h"
#include "ctrl/ring/config_body.h"
#include "ctrl/ring/feed_sender.h"
#include "ctrl/ring/ring_end.h"
#include "dataplane/base/random.h"
#include "probes/leg_rtts.h"
#include "sched/summary/exchange.h"

namespace izar {

class MetricsText;

namespace control {
class ToAgent;
class ToController;
class StaticUpdate;
class MeshUpdate;
}  // namespace control

struct AgentParts {
    EventLoop& loop;
    TlsContext& tls;  // of the identity; shows its next certificate when that has come
    RingEnd& ring;
    Identity identity;
    std::string folder;  // of state: static.data
    std::vector<SocketAddress> controllers;
    std::uint64_t boot = 0;
    Random random;  // for pauses between tries
    std::function<WallSeconds()> wall_clock;
    std::function<void(const std::string&)> log;
};

class Agent : private ChannelEvents {
  public:
    // Between two looks at the ring: where izar-edge does not ring the bell or something waits for room, and where it
    // does and nothing waits.
    static constexpr Nanos kRingInterval = std::chrono::milliseconds{6};
    static constexpr Nanos kBellInterval = std::chrono::milliseconds{50};
    static constexpr Nanos kReportInterval = std::chrono::seconds{5};
    static constexpr Nanos kFirstPause = std::chrono::milliseconds{200};  // before the next try to connect; doubled
    static constexpr Nanos kLongestPause = std::chrono::seconds{5};

    explicit Agent(AgentParts parts);
    ~Agent() override;

    void start();
    // In place of those that it had. One that is not listed any more is left. At least one.
    void set_controllers(std::vector<SocketAddress> controllers);

    // What came of a SIGHUP, now, for operators who ask.
    void set_config_state(ConfigState state);
    const ConfigState& config_state() const noexcept { return config_state_; }

    // An operator's request, a line of JSON (docs/control-plane.md, "On the node itself"). The error says what to ask.
    Result<std::string> answer(std::string_view line) const;

    // Figures of kAgentMetrics and of its channel.
    void add_metrics(MetricsText& out) const;

    bool connected() const noexcept { return welcome_; }
    const GroupWork& group() const noexcept { return group_; }
    const StaticData& static_data() const noexcept { return static_; }

  private:
    void on_open() override;
    bool on_message(std::span<const std::uint8_t> payload) override;
    void on_end(const std::string& why) override;

    void connect();
    void tell_end(const std::string& why);
    void retry();
    void hear_bell();
    void feed();
    void look_at_ring();
    void notice_edge();
    void forget_edge();
    void take_from_edge(const ring::Message& message);
    void take_own_link(const ring::Link& body);
    void report();
    void send_row();
    void send_sample();
    void renew();
    void end_row(const ring::RowEnd& end);
    void take_flows(std::uint64_t flows_and_one);
    void take_static(const control::StaticUpdate& update);
    void take_mesh(const control::MeshUpdate& update);
    void feed_mesh();
    void follow_nodes();
    void send(const control::ToController& message);
    nlohmann::json answer_status() const;
    nlohmann::json answer_config() const;
    nlohmann::json answer_links() const;

    AgentParts parts_;
    Renewal renewal_;
    FeedSender feed_;
    SystemSampler sampler_;
    GroupWork group_;
    StaticData static_;
    ChannelCounts channel_counts_;  // outlives the channels
    std::unique_ptr<Channel> channel_;
    std::unique_ptr<Channel> former_;  // ended; freed outside of its callbacks
    std::size_t next_controller_ = 0;
    SocketAddress controller_;  // that it talks to, or tried last
    Nanos pause_ = kFirstPause;
    bool welcome_ = false;             // the controller has talked to us on this connection
    std::string refusal_;              // and why it does not want to any more; empty: it did not say so
    std::set<std::string> ends_told_;  // of tries since a controller was here
    Instant begun_{};
    std::optional<bool> edge_runs_;  // none: it may, and was not heard of yet
    std::map<NodeId, FeedLink> row_;
    bool row_is_whole_ = false;           // all of it was told by this life of izar-edge
    RowReport rows_;                      // how it is told
    LegMeasurements legs_{};              // of the last row,
    LegMeasurements next_legs_{};         // and of the one that is coming
    std::uint16_t stamp_port_ = 0;        // where izar-edge answers the STAMP probes of all nodes; 0: it does not
    std::optional<std::uint64_t> flows_;  // held by izar-edge
    bool row_told_ = false;               // a whole row was sent on this connection
    std::vector<NodeId> mesh_nodes_;      // by their number in summaries
    SummaryReceiver mesh_;
    ConfigState config_state_;
    ConfigAssembly edge_config_coming_;
    std::optional<ConfigState> edge_config_;            // izar-edge's; none: not told
    std::shared_ptr<std::function<void()>> bell_rang_;  // gone with us, which the loop's watch may not be
    Timer ring_timer_;
    Timer report_timer_;
    Timer retry_timer_;
};

}  // namespace izar
