// agent_session.h -- AgentSession: one agent's connection, as the controller sees it.
//
// Thread: the controller's. The controller owns sessions and ends them outside of their callbacks.
#pragma once

#include <memory>
#include <optional>

#include "ctrl/channel/channel.h"
#include "ctrl/mesh/row_summary.h"

namespace izar {

namespace control {
class ToController;
class ToAgent;
}  // namespace control

class AgentSession;

// What a session asks of its controller.
class SessionEvents {
  public:
    virtual ~SessionEvents() = default;
    // The node of this certificate may be served.
    virtual bool admits(const PeerIdentity& peer) = 0;
    virtual void on_agent(AgentSession& session) = 0;  // said hello
    virtual void on_join(AgentSession& session, const control::ToController& message) = 0;
    // Anything but hello and join. False: refused, the session ends.
    virtual bool on_report(AgentSession& session, const control::ToController& message) = 0;
    virtual void on_session_end(AgentSession& session, const std::string& why) = 0;
};

class AgentSession : public ChannelEvents {
  public:
    AgentSession(EventLoop& loop, const TlsContext& context, WallSeconds now, SessionEvents& events,
                 SocketAddress from);

    StreamEvents& stream_events() noexcept { return channel_; }
    void attach(StreamId stream) { channel_.attach(stream); }
    void count_in(ChannelCounts& counts) noexcept { channel_.count_in(counts); }

    void send(const control::ToAgent& message);
    void send_frame(std::vector<std::uint8_t> frame) { channel_.send(std::move(frame)); }
    void send_newest(Newest key, const control::ToAgent& message);
    // Says why and lets the peer end the connection; what it says from now on is refused.
    void refuse(const std::string& why);
    void close() { channel_.close(); }

    NodeId node() const noexcept { return node_; }  // kNoNode before hello
    const SocketAddress& from() const noexcept { return from_; }
    std::size_t waiting_bytes() const noexcept { return channel_.waiting_bytes(); }
    bool is_known() const noexcept { return node_ != kNoNode; }

    // What the agent has, as far as the controller knows.
    std::uint64_t static_store = 0;      // number of the store that its static data is of, when it came
    std::uint64_t static_sent = 0;       // version of the newest static update sent
    std::uint32_t mesh_taken = 0;        // generation acknowledged
    std::uint64_t static_taken = 0;      // version acknowledged
    std::optional<std::uint64_t> flows;  // that its node holds, as told last
    std::optional<bool> edge_runs;       // izar-edge of its node, as told last; an agent that begins may not know yet
    bool hears_edge = true;              // when it said hello; true, too, where it did not tell
    std::uint16_t stamp_port = 0;        // where its node answers the STAMP probes of all nodes; 0: it does not
    bool welcome_due = false;            // it was told nothing yet
    bool mesh_due = false;               // the newest summary was not sent
    RowReceiver row;                     // as it was summarized last
    Instant next_renewal{};              // of its certificate; asked for sooner, it gets no answer

    void on_open() override;
    bool on_message(std::span<const std::uint8_t> payload) override;
    void on_end(const std::string& why) override;

  private:
    SessionEvents& events_;
    SocketAddress from_;
    Channel channel_;
    PeerIdentity peer_;
    NodeId node_ = kNoNode;
    bool joined_ = false;  // a join was tried: one a connection
    bool refused_ = false;
};

}  // namespace izar
