#include "perf/control/last_agent.h"

#include <utility>

#include "dataplane/base/check.h"
#include "tools/program/event_program.h"

namespace izar {
namespace {
constexpr Nanos kLook = std::chrono::milliseconds{100};  // between two looks whether to end
}

LastAgent::LastAgent(const FleetOptions& options, const Identity& node, const SocketAddress& controller,
                     std::function<WallSeconds()> wall_clock)
    : thread_([this, &options, id = node.id, tls = TlsContext::for_node(node.credentials, node.authority).value(),
               controller, wall_clock = std::move(wall_clock)]() mutable {
          run(options, id, std::move(tls), controller, wall_clock);
      }) {}

LastAgent::~LastAgent() {
    stop_ = true;
    thread_.join();
}

void LastAgent::run(const FleetOptions& options, NodeId node, TlsContext tls, const SocketAddress& controller,
                    const std::function<WallSeconds()>& wall_clock) {
    const auto loop = EventLoop::make(monotonic_now);
    CHECK(loop.has_value());
    SimulatedFleet fleet(**loop, options, wall_clock);
    fleet.on_death = [this] { heard_at_ = monotonic_now(); };
    fleet.add(node, std::move(tls));
    fleet.connect(controller);
    while (!stop_) {
        (*loop)->run_once(kLook);
        open_ = fleet.all_open();
    }
}

}  // namespace izar
