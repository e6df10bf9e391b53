// event_loop.h -- EventLoop: streams, listeners, watched descriptors and timers of one thread, on io_uring.
//
// Thread: the one that made it; every call and every callback is on it. Callbacks may call anything here.
// Time:   the clock is the caller's (`main` has one, tests have their own); timers are by it, waiting is real.
//
// A stream has at most one send with the kernel. What is given to send() meanwhile is gathered; how much that may
// become is the caller's business (unsent()). A stream that ended is told once (on_closed) and is gone; one that
// the caller closes is told nothing more.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ctrl/loop/sockets.h"
#include "ctrl/loop/timers.h"
#include "ctrl/loop/uring.h"
#include "dataplane/base/result.h"
#include "dataplane/base/types.h"

namespace izar {

enum class StreamId : std::uint64_t {};  // never used twice in the life of a loop
inline constexpr StreamId kNoStream{0};

class StreamEvents {
  public:
    virtual ~StreamEvents() = default;
    virtual void on_connected() {}
    virtual void on_received(std::span<const std::uint8_t> bytes) = 0;
    virtual void on_sent() {}  // nothing is unsent any more
    virtual void on_closed(const std::string& why) = 0;
};

class EventLoop {
  public:
    static constexpr std::size_t kMaxStreams = 20'000;  // more are closed as they come

    // What an accepted stream's events go to, which outlives the stream; null: it is closed.
    using Accept = std::function<StreamEvents*(StreamId stream, const SocketAddress& peer)>;
    using Clock = std::function<Instant()>;

    static Result<std::unique_ptr<EventLoop>> make(Clock clock, const UringSize& size = {}, UringFeatures wanted = {});
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;

    Instant now() const { return clock_(); }
    const UringFeatures& features() const noexcept { return ring_->features(); }
    std::size_t streams() const noexcept { return open_streams_; }

    // Accepts until the id is closed. `listener` is a socket that listens.
    StreamId accept(FileDescriptor listener, Accept accept);
    // A stream that is connecting: on_connected or on_closed follows. The error is one of opening a socket.
    Result<StreamId> connect(const SocketAddress& to, StreamEvents& events);

    void send(StreamId stream, std::span<const std::uint8_t> bytes);
    // Bytes given to send() that the kernel has not taken; 0 for a stream that is gone.
    std::size_t unsent(StreamId stream) const noexcept;
    void close(StreamId stream);

    // Calls whenever `fd` is readable, until the loop ends.
    void watch(FileDescriptor fd, std::function<void()> call);
    // Calls once, when the caller's `fd` is writable or has failed; never, if close() comes first, as it must before
    // `fd` is closed.
    StreamId await_writable(int fd, std::function<void()> call);

    TimerId call_at(Instant at, std::function<void()> call) { return timers_.call_at(at, std::move(call)); }
    TimerId call_after(Nanos delay, std::function<void()> call) { return call_at(now() + delay, std::move(call)); }
    void cancel(TimerId timer) { timers_.cancel(timer); }

    // Waits up to `longest` for something to happen, and handles all that did. False: no socket had anything to say, at
    // most timers did.
    bool run_once(Nanos longest);

  private:
    enum class Operation : std::uint8_t { none, accept, connect, receive, send, poll, poll_once };
    struct Slot;

    EventLoop(Clock clock, std::unique_ptr<Uring> ring);

    Slot& take_slot();
    Slot* slot_of(StreamId stream) const noexcept;
    io_uring_sqe& request(Slot& slot, Operation operation);
    StreamId open_stream(FileDescriptor fd, StreamEvents* events);
    void arm_accept(Slot& slot);
    void arm_receive(Slot& slot);
    void arm_poll(Slot& slot);
    void send_gathered(Slot& slot);
    void send_rest(Slot& slot);
    void end_sending(Slot& slot);
    void handle(const io_uring_cqe& completion);
    void on_accept(Slot& slot, const io_uring_cqe& completion);
    void on_receive(Slot& slot, const io_uring_cqe& completion);
    void on_send(Slot& slot, int result);
    void end(Slot& slot, int problem);
    void release_if_idle(Slot& slot);

    Clock clock_;
    std::unique_ptr<Uring> ring_;
    TimerQueue timers_;
    std::vector<std::unique_ptr<Slot>> slots_;
    std::vector<std::uint32_t> free_slots_;
    std::size_t open_streams_ = 0;
};

// A timer of its owner: gone with it.
class Timer {
  public:
    explicit Timer(EventLoop& loop) noexcept : loop_(loop) {}
    ~Timer() { cancel(); }
    Timer(const Timer&) = delete;

    // Replaces what was waited for.
    void start(Nanos delay, std::function<void()> call) {
        cancel();
        id_ = loop_.call_after(delay, std::move(call));
    }
    void cancel() { loop_.cancel(std::exchange(id_, kNoTimer)); }

  private:
    EventLoop& loop_;
    TimerId id_ = kNoTimer;
};

}  // namespace izar
