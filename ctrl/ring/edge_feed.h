// edge_feed.h -- EdgeFeed: izar-edge's side of the ring: the agent's messages in, this node's own links out.
//
// Thread: the scheduler thread. Work of a round is bounded: at most kMessagesARound messages, and a look at the own
//         links every kLookInterval.
//
// While no agent is there the feed is silent and its last state stays in force; a new agent sends everything again.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "ctrl/ring/config_body.h"
#include "ctrl/ring/feed_assembly.h"
#include "ctrl/ring/leg_body.h"
#include "ctrl/ring/ring_end.h"
#include "ctrl/ring/stamp_body.h"
#include "sched/feed.h"
#include "sched/mesh.h"

namespace izar {

// What a row tells beside the own links. The functions are asked by the scheduler thread, once a row; null: not told.
struct RowSources {
    std::function<std::uint64_t()> held_flows{};         // this node's flows and sessions
    std::function<LegMeasurements(Instant now)> legs{};  // outside the overlay
    std::uint16_t stamp_port = 0;  // where this node answers the STAMP probes of all nodes; 0: it does not
};

class EdgeFeed {
  public:
    static constexpr std::size_t kMessagesARound = 256;
    static constexpr Nanos kLookInterval = std::chrono::milliseconds{5};  // a link that died is told within it
    static constexpr Nanos kRowInterval = std::chrono::seconds{1};

    // As FeedAssembly: the fleet and the policies of edge.yaml.
    EdgeFeed(std::unique_ptr<RingEnd> end, std::shared_ptr<const Fleet> own,
             std::shared_ptr<const RoutingPolicies> policies, RowSources sources = {});

    // One round; true if there was anything to do. Pushes into `feed`, whose only other producer is over before the
    // scheduler thread begins.
    bool do_work(Instant now, const Mesh& mesh, FeedRing& feed);

    // What the last commits brought, once each.
    std::optional<FeedUpdate> take_static();
    std::optional<std::vector<FeedAssembly::PeerSecret>> take_secrets();
    // STAMP sessions that the agent asked for since the last call; what is out of range is answered here.
    std::vector<StampSession> take_stamp_sessions() { return std::exchange(stamp_sessions_, {}); }
    // Tells the agent what came of one. A report that finds no room is lost.
    void tell(const StampReport& report, Instant now);

    // What came of this program's configuration: told to the agent, and to every later one, until there is a newer
    // state.
    void set_config_state(const ConfigState& state);

    const FeedAssembly& assembly() const noexcept { return assembly_; }
    void set_egress_addresses(std::vector<IpAddress> addresses) {
        assembly_.set_egress_addresses(std::move(addresses));
    }
    bool agent_is_there(Instant now) const noexcept { return end_->peer_is_alive(now); }

  private:
    bool push(const FeedAssembly::Output& output, FeedRing& feed);
    bool receive(FeedRing& feed);
    void take_stamp_task(const ring::StampTask& body);
    void notice_silence(Instant now, FeedRing& feed);
    void report_links(Instant now, const Mesh& mesh);
    bool send_link(const Mesh& mesh, NodeSlot slot, Instant now);
    bool end_row(Instant now);
    void tell_config();

    std::unique_ptr<RingEnd> end_;
    RowSources sources_;
    FeedAssembly assembly_;
    bool agent_there_ = false;
    std::vector<LinkState> told_;  // by slot: what the agent knows of our links
    NodeSlot row_at_{0};           // of the row being sent
    Instant looked_at_{};
    Instant row_due_{};
    bool row_begun_ = false;
    std::vector<ring::Message> config_;  // as it is told
    bool config_told_ = false;           // to the agent that is here
    std::vector<StampSession> stamp_sessions_;
    std::optional<FeedUpdate> static_;
    std::optional<std::vector<FeedAssembly::PeerSecret>> secrets_;
};

}  // namespace izar
