// prober.h -- Prober: connects to a few targets at once, or has izar-edge probe them by STAMP, and tells how far each
// is.
//
// Thread: the event loop's, which waits for answers. The round trip of an accepted connect is the kernel's own; in that
// of a refused one, which is an answer too, is the loop's waking up. Of a STAMP session it is the mean of what came
// back.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <vector>

#include "ctrl/group/probe_plan.h"
#include "ctrl/loop/event_loop.h"
#include "probes/stamp_session.h"
#include "probes/tcp_connect_probe.h"

namespace izar {

class Prober {
  public:
    static constexpr Nanos kPatience = std::chrono::seconds{1};
    static constexpr Nanos kStampInterval = std::chrono::milliseconds{50};
    static constexpr std::uint32_t kStampCount = 10;
    // Its last probe is given a second by izar-edge, which tells of it within another.
    static constexpr Nanos kStampPatience = kStampInterval * kStampCount + std::chrono::seconds{2};

    using Done = std::function<void(std::vector<ProbeAnswer>)>;
    // Hands a STAMP session to izar-edge; false: it cannot be told now.
    using SendStamp = std::function<bool(const StampSession&)>;

    explicit Prober(EventLoop& loop, SendStamp send_stamp = nullptr)
        : loop_(loop), send_stamp_(std::move(send_stamp)), timer_(loop) {}
    ~Prober();
    Prober(const Prober&) = delete;

    bool busy() const noexcept { return done_ != nullptr; }
    // Requires !busy(). `done` gets an answer of each target, within kPatience, or kStampPatience if one is by STAMP,
    // but of none that this machine has no route to, or no izar-edge to ask: nothing was sent there.
    void start(const std::vector<ProbeTarget>& targets, Done done);
    // What izar-edge tells of a session.
    void take_stamp(const StampReport& report);

  private:
    struct Running {
        ProbeTarget target;
        TcpConnectProbe probe;
        StreamId waiting = kNoStream;
    };
    using Place = std::list<Running>::iterator;

    void connect(const ProbeTarget& target);
    void begin_stamp(const ProbeTarget& target);
    void await_answer(Place probe);
    void take_answer(Place probe);
    void wait_for_rest();
    void give_up();

    EventLoop& loop_;
    SendStamp send_stamp_;
    std::list<Running> running_;
    std::map<std::uint64_t, ProbeTarget> stamps_;  // by task
    std::uint64_t last_task_ = 0;
    std::vector<ProbeAnswer> answers_;
    Done done_;
    Instant until_{};  // of connects
    Instant stamps_until_{};
    Timer timer_;
};

}  // namespace izar
