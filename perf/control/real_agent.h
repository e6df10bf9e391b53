// real_agent.h -- RealAgent: an izar-agent process of its own between a controller and an izar-edge's end of its ring.
//
// That end takes what it is told and tells a row of links to all nodes every second, as izar-edge does; RTTs jitter by
// up to 2 %.
//
// Thread: the one that made it; the ring's end has a thread of its own.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "ctrl/agent/identity.h"
#include "ctrl/loop/sockets.h"
#include "perf/control/child_process.h"

namespace izar {

class RealAgent {
  public:
    // Ends with us. Its files are in `folder`.
    RealAgent(const std::string& program, const std::string& folder, const Identity& identity,
              const SocketAddress& controller);
    ~RealAgent();
    RealAgent(const RealAgent&) = delete;

    const ChildProcess& process() const noexcept { return process_; }
    // Links of other nodes that it handed over to izar-edge.
    std::uint64_t links_fed() const noexcept { return links_fed_; }

  private:
    void run_edge(const std::string& folder, NodeId self);

    std::atomic<std::uint64_t> links_fed_ = 0;
    std::atomic<bool> stop_ = false;
    ChildProcess process_;
    std::thread edge_;
};

}  // namespace izar
