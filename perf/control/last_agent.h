// last_agent.h -- LastAgent: the agent that a controller tells last, in a thread of its own.
//
// A controller tells its agents in order of their ids. The simulated fleet is one thread that decrypts for all of them,
// one by one, so when its last agent has an event is as much its own work as the controller's. This one has the event
// when the controller is done with all.
//
// Thread: heard_at() and open() from any; all else from the one that made it.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "ctrl/agent/identity.h"
#include "ctrl/loop/sockets.h"
#include "perf/control/simulated_fleet.h"

namespace izar {

class LastAgent {
  public:
    // Connects at once, and ends with us.
    LastAgent(const FleetOptions& options, const Identity& node, const SocketAddress& controller,
              std::function<WallSeconds()> wall_clock);
    ~LastAgent();
    LastAgent(const LastAgent&) = delete;

    bool open() const noexcept { return open_; }
    // When it last heard of a dead link; the clock's beginning: never.
    Instant heard_at() const noexcept { return heard_at_; }

  private:
    void run(const FleetOptions& options, NodeId node, TlsContext tls, const SocketAddress& controller,
             const std::function<WallSeconds()>& wall_clock);

    std::atomic<bool> open_ = false;
    std::atomic<bool> stop_ = false;
    std::atomic<Instant> heard_at_ = Instant{};
    std::thread thread_;
};

}  // namespace izar
