// prober.h -- Prober: connects to a few targets at once, and tells how long each took to answer.
//
// Thread: the event loop's. The round trip of an accepted connect is the kernel's own; that of a refused one, which is
// an answer too, is as exact as kLook.
#pragma once

#include <functional>
#include <list>
#include <optional>
#include <vector>

#include "ctrl/group/probe_plan.h"
#include "ctrl/loop/event_loop.h"
#include "probes/tcp_connect_probe.h"

namespace izar {

struct ProbeAnswer {
    ProbeTarget target;
    std::optional<Nanos> rtt;  // none: nobody answered
};

class Prober {
  public:
    static constexpr Nanos kPatience = std::chrono::seconds{1};
    static constexpr Nanos kLook = std::chrono::milliseconds{1};

    using Done = std::function<void(std::vector<ProbeAnswer>)>;

    explicit Prober(EventLoop& loop) : loop_(loop), timer_(loop) {}

    bool busy() const noexcept { return done_ != nullptr; }
    // Requires !busy(). `done` gets an answer of each target, within kPatience, but of none that this machine has no
    // route to: nothing was sent there.
    void start(const std::vector<ProbeTarget>& targets, Done done);

  private:
    struct Running {
        ProbeTarget target;
        TcpConnectProbe probe;
    };
    void look();

    EventLoop& loop_;
    std::list<Running> running_;
    std::vector<ProbeAnswer> answers_;
    Done done_;
    Instant until_{};
    Timer timer_;
};

}  // namespace izar
