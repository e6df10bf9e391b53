// passage.h -- Passage: connections to a controller that stands by, led on to the one that leads.
//
// Bytes go through as they are. TLS and all that is said inside it is between the two ends, so agents, joins and
// clients of the API are served by the leader as if they had come to it. A connection that comes while nobody leads,
// or whose leader does not answer, waits for one. When another leads, those that were led to the one before end, and
// who made them comes again.
//
// Thread: the event loop's.
// Bounds: kMostWaiting connections wait, each as long as was said; of more, the oldest makes room. A side that reads so
//         slowly that kMostUnsent bytes wait for it is cut. A leader hears of nobody who has said nothing.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "ctrl/channel/outbox.h"
#include "ctrl/loop/event_loop.h"

namespace izar {

class Passage {
  public:
    static constexpr std::size_t kMostWaiting = 1'000;
    static constexpr std::size_t kMostKept = std::size_t{64} << 10;  // bytes that one says while it waits
    static constexpr std::size_t kMostUnsent = Outbox::kMostKept;
    static constexpr Nanos kLook = std::chrono::milliseconds{100};  // between two tries to reach the leader
    static constexpr Nanos kPatience = std::chrono::seconds{10};    // as long as a channel waits for its handshake
    static constexpr Nanos kShortPatience = std::chrono::seconds{1};

    explicit Passage(EventLoop& loop);
    ~Passage();
    Passage(const Passage&) = delete;

    // Where connections go from now on; none: nobody leads. `patience`: how long each may wait. Who does not know
    // who leads should not keep anybody from asking elsewhere.
    void lead_to(const std::optional<SocketAddress>& leader, Nanos patience = kPatience);
    // A stream that was accepted.
    StreamEvents* accept(StreamId stream);
    // Those that wait too.
    void end_all();

    std::size_t connections() const noexcept { return connections_.size(); }

  private:
    struct Connection;
    void take(Connection& connection, std::span<const std::uint8_t> bytes);
    void pass_on(Connection& connection, StreamId to, std::span<const std::uint8_t> bytes);
    void on_connected(Connection& connection);
    void on_sent(Connection& connection);
    void on_client_closed(Connection& connection);
    void on_leader_closed(Connection& connection);
    void try_leader(Connection& connection);
    void look();
    void finish(Connection& connection, StreamId last);
    void end(Connection& connection);

    EventLoop& loop_;
    std::optional<SocketAddress> leader_;
    Nanos patience_ = kPatience;
    std::vector<std::unique_ptr<Connection>> connections_;  // in order of arrival
    std::vector<std::unique_ptr<Connection>> buried_;       // ended; freed outside of their callbacks
    Timer look_timer_;
    Timer bury_timer_;
};

}  // namespace izar
