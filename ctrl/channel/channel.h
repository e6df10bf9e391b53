// channel.h -- Channel: messages between an agent and a controller, over TLS, over one stream of the event loop.
//
// Thread: the event loop's. The owner destroys a channel outside of its callbacks.
// Bounds: at most kInFlight bytes are with TLS and kernel, the rest waits in the Outbox; a peer that lets it overflow,
//         does not finish its handshake within kHandshakeTime, or is silent for longer than it promised, is cut.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "ctrl/channel/outbox.h"
#include "ctrl/frames/frame.h"
#include "ctrl/loop/event_loop.h"
#include "ctrl/tls/tls_session.h"

namespace izar {

class ChannelEvents {
  public:
    virtual ~ChannelEvents() = default;
    virtual void on_open() = 0;  // the peer is who its certificate says; it may still be one without
    // A whole payload. False: it is refused, and the channel ends.
    virtual bool on_message(std::span<const std::uint8_t> payload) = 0;
    virtual void on_end(const std::string& why) = 0;  // the last call
};

// What went over channels; bytes with TLS.
struct ChannelCounts {
    std::uint64_t received_bytes = 0;
    std::uint64_t sent_bytes = 0;
    std::uint64_t received_frames = 0;
    std::uint64_t sent_frames = 0;
};

class Channel : public StreamEvents {
  public:
    static constexpr std::size_t kInFlight = std::size_t{64} << 10;
    static constexpr Nanos kHandshakeTime = std::chrono::seconds{10};
    static constexpr Nanos kMostSilence = std::chrono::seconds{15};  // either side says something every 5 s

    Channel(EventLoop& loop, const TlsContext& context, WallSeconds now, ChannelEvents& events);
    ~Channel() override;
    Channel(const Channel&) = delete;

    // One of the two, once: a stream that was accepted, or a connection to be made.
    void attach(StreamId stream);
    Result<void> connect(const SocketAddress& to);

    void set_longest_frame(std::size_t longest) noexcept { reader_.set_longest(longest); }
    // Adds what goes over it to `counts`, which outlive it.
    void count_in(ChannelCounts& counts) noexcept { counts_ = &counts; }
    void send(std::vector<std::uint8_t> frame);
    void send_newest(Newest key, std::vector<std::uint8_t> frame);
    // Ends it from this side: no further callback.
    void close();

    bool is_open() const noexcept { return open_; }
    PeerIdentity peer() const { return session_.peer(); }  // requires is_open()
    std::size_t waiting_bytes() const noexcept { return outbox_.bytes(); }

    void on_connected() override;
    void on_received(std::span<const std::uint8_t> bytes) override;
    void on_sent() override { pump(); }
    void on_closed(const std::string& why) override { end(why); }

  private:
    void pump();
    void flush();
    void read_frames();
    void end(const std::string& why);
    void check_silence();

    EventLoop& loop_;
    ChannelEvents* events_;  // null: ended
    TlsSession session_;
    FrameReader reader_;
    Outbox outbox_;
    ChannelCounts own_counts_;
    ChannelCounts* counts_ = &own_counts_;
    StreamId stream_ = kNoStream;
    Timer timer_;
    Instant heard_at_{};
    bool client_ = false;
    bool open_ = false;
};

}  // namespace izar
