// controller.h -- Controller: the fleet as it should be, told to its agents; their measurements, told to each other.
//
// Thread: the event loop's, which also owns the store's calls. Clocks and randomness are given.
//
// Static data goes out as a change of what each agent has, as soon as the store has it. Every kRound a summary of all
// rows of links, which a thread beside the loop makes, goes out as a change of what each agent acknowledged, and
// measurements go to the store. A link that died or came back, and a node that is withdrawn or restored, is told to
// everybody in the moment it is known; all else is told a few agents a turn of the loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ctrl/controller/agent_session.h"
#include "ctrl/controller/desired_state.h"
#include "ctrl/controller/drain_watch.h"
#include "ctrl/controller/event_log.h"
#include "ctrl/controller/groups.h"
#include "ctrl/controller/health.h"
#include "ctrl/controller/join_gate.h"
#include "ctrl/controller/link_events.h"
#include "ctrl/controller/measurements.h"
#include "ctrl/controller/region_shares.h"
#include "ctrl/controller/tell_turns.h"
#include "ctrl/loop/event_loop.h"
#include "ctrl/loop/side_thread.h"
#include "ctrl/mesh/mesh_hub.h"
#include "ctrl/store/store.h"
#include "ctrl/tls/certificates.h"
#include "ctrl/tls/tls_context.h"

namespace izar {

namespace control {
class LinkRow;
}

struct ControllerParts {
    EventLoop& loop;
    Store& store;
    const CertificateAuthority& authority;
    const TlsContext& tls;
    MasterSecret master{};
    std::function<WallTime()> wall_clock;
    std::function<void(const std::string&)> log;  // one line an event
};

// How long the store was waited for.
struct StoreCalls {
    std::uint64_t count = 0;
    Nanos waited{};
    void add(Nanos one) noexcept {
        ++count;
        waited += one;
    }
};

class Controller : private SessionEvents {
  public:
    static constexpr Nanos kRound = std::chrono::seconds{5};
    static constexpr Nanos kHealthInterval = std::chrono::milliseconds{500};
    static constexpr std::size_t kMostUnknown = 1'000;  // connections that have not said hello; the oldest is cut
    static constexpr Nanos kStoreRetry = std::chrono::seconds{1};        // between two tries to read a silent store
    static constexpr Nanos kSeenPause = std::chrono::milliseconds{100};  // nodes that come together are marked together
    static constexpr Nanos kLinksPause = std::chrono::milliseconds{100};  // likewise those that took link secrets
    static constexpr Nanos kSharesPause = std::chrono::seconds{1};    // until masters have answered; then once a round
    static constexpr Nanos kRenewalPause = std::chrono::seconds{30};  // of one agent; less than Renewal's

    explicit Controller(ControllerParts parts);
    ~Controller() override = default;

    // Reads the store and begins to work.
    Result<void> start();
    // A stream that was accepted: an agent's, or of a node that joins.
    StreamEvents* accept(StreamId stream, const SocketAddress& from);

    // To be called after the store was changed: what changed reaches every agent. Of tokens agents hear nothing.
    Result<void> refresh();
    // Since when the store was not to be read, whenever that was tried; none: it was, the last time.
    std::optional<Instant> store_silent_since() const noexcept { return store_silent_since_; }
    void tokens_changed() noexcept { gate_.forget_tokens(); }
    // Writes down a new generation of link secrets, which every node that has any lacks at first. For refresh() to
    // tell; nodes that take it are written down as they do.
    StoreResult<Document> replace_link_secrets(const GenerationRandom& random);

    // For the log and for operators' lists of events.
    void tell_event(EventKind kind, std::string text);
    // For the latter alone, of what the log has already.
    void note_event(EventKind kind, std::string text) { events_.add(parts_.wall_clock(), kind, std::move(text)); }
    const EventLog& events() const noexcept { return events_; }

    const ChannelCounts& channel_counts() const noexcept { return channel_counts_; }
    const StoreCalls& store_reads() const noexcept { return store_reads_; }    // for what changed
    const StoreCalls& store_rounds() const noexcept { return store_rounds_; }  // of measurements that were written

    struct AgentRow {
        NodeId node;
        SocketAddress from;
        std::uint64_t static_version;  // acknowledged
        std::uint32_t mesh_generation;
        std::uint32_t row_generation;  // of its own row's newest summary; 0: it told items only
        std::size_t waiting_bytes;
        std::optional<std::uint64_t> flows;  // that its node holds; none: not told
        std::optional<bool> edge_runs;       // izar-edge of its node; none: not told
    };
    std::vector<AgentRow> agents() const;
    const DesiredState& desired() const noexcept { return desired_; }
    const DrainWatch& drains() const noexcept { return drains_; }
    const Health& health() const noexcept { return health_; }
    const MeshHub& mesh() const noexcept { return mesh_; }
    std::vector<Groups::Row> groups() const { return groups_.rows(desired_, parts_.loop.now()); }
    const RegionShares& shares() const noexcept { return shares_; }
    Store& store() noexcept { return parts_.store; }
    WallTime wall_now() const { return parts_.wall_clock(); }
    const CertificateAuthority& authority() const noexcept { return parts_.authority; }

  private:
    bool admits(const PeerIdentity& peer) override;
    void on_agent(AgentSession& session) override;
    void on_join(AgentSession& session, const control::ToController& message) override;
    bool on_report(AgentSession& session, const control::ToController& message) override;
    void on_session_end(AgentSession& session, const std::string& why) override;

    void bury(AgentSession& session);
    void tell(NodeId node);
    void send_static(AgentSession& session);
    void send_mesh(AgentSession& session);
    void broadcast(const control::ToAgent& message, const AgentSession* except);
    bool take_row(AgentSession& session, const control::LinkRow& row);
    // The links of a row that came as a summary, and its acknowledgement; none: they were asked for as items.
    std::optional<std::vector<FeedLink>> read_summary(AgentSession& session, const control::LinkRow& row);
    bool take_event(AgentSession& session, const control::ToController& message);
    void take_group_message(AgentSession& session, const control::ToController& message);
    void take_claim(AgentSession& session, const NodeRecord& member, const control::ToController& message);
    void tell_tasks(const std::map<NodeId, control::ProbeTasks>& by_node);
    void refuse(const NodeRecord& member, GroupEpoch epoch);
    void take_sample(AgentSession& session, const control::ToController& message);
    void take_edge_state(AgentSession& session, bool runs);
    void take_renewal(AgentSession& session, const control::ToController& message);
    void mark_seen();
    void await_links();
    enum class LinkProgress : std::uint8_t { part, all_that_are_here };
    void follow_links(LinkProgress worth);
    void tell_lost_domains();
    void judge_health();
    void watch_drains();
    void round();
    void summarize();
    void take_summary(MadeSummary made);
    std::vector<RegionMember> region_members() const;
    Result<void> restore_shares();
    void follow_members();
    void store_shares();
    void ask_masters();
    void tell_stamp_peers(std::map<std::string, control::ToAgent>& regions);
    WallSeconds wall_seconds() const { return std::chrono::floor<std::chrono::seconds>(parts_.wall_clock()); }

    ControllerParts parts_;
    DesiredState desired_;
    EventLog events_;
    std::set<std::string> lost_domains_;  // those without a service, as they were told last
    Health health_;
    DrainWatch drains_;
    MeshHub mesh_;
    LinkEvents link_events_;
    Measurements measurements_;
    RegionShares shares_;
    std::vector<SharesRecord> stored_shares_;  // as the store has them
    Groups groups_;
    ChannelCounts channel_counts_;  // outlives the sessions
    StoreCalls store_reads_;
    StoreCalls store_rounds_;
    std::vector<std::unique_ptr<AgentSession>> sessions_;  // in order of arrival
    std::vector<std::unique_ptr<AgentSession>> buried_;    // ended; freed outside of their callbacks
    std::map<NodeId, AgentSession*> agents_;
    TellTurns tell_turns_;
    JoinGate gate_;
    SideThread summarizing_;
    std::optional<Instant> store_silent_since_;
    Timer store_timer_;
    Timer seen_timer_;
    Timer links_timer_;
    Timer health_timer_;
    Timer round_timer_;
    Timer shares_timer_;
    Timer bury_timer_;
};

}  // namespace izar
