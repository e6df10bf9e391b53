// lead.h -- Lead: what a controller has only while it leads: the store's fence, its agents, the fleet's state.
//
// Thread: the event loop's. To lead no more is to destroy it, outside of its callbacks: agents are cut off and look for
//         the next leader.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctrl/config/discovery_config.h"
#include "ctrl/config/scheduling_config.h"
#include "ctrl/controller/api.h"
#include "ctrl/controller/controller.h"
#include "ctrl/controller/controller_metrics.h"
#include "ctrl/controller/operator_commands.h"
#include "tools/controller/controller_state.h"
#include "tools/controller/upkeep.h"

namespace izar {

struct LeadParts {
    EventLoop& loop;
    const ControllerState& state;
    const SchedulingConfig& config;
    const TlsContext& tls;
    std::string discovery;                 // path of node-discovery.yaml; empty: none
    std::string policy;                    // as read_policy_file gives it; empty: the one that the store has, if any
    std::vector<std::string> environment;  // "NAME=value" each
    OperatorCommands::RandomBytes random;
    std::function<WallTime()> wall_clock;
    std::function<void(const std::string&)> log;
};

// What a SIGHUP read again.
struct ReadAgain {
    SchedulingConfig config;                   // of which only some keys change anything
    std::optional<DiscoveryConfig> discovery;  // none: there is no such file
    std::optional<std::string> policy;
};

class Lead {
  public:
    // Opens the store and claims the fence, or without one the store for itself alone. Files that cannot be read or
    // that the store does not take keep nobody from leading: it goes on with what the store has. `operators`: as Api
    // takes it.
    static Result<std::unique_ptr<Lead>> begin(const LeadParts& parts, std::optional<Fence> fence,
                                               Api::Answer operators);
    Lead(const Lead&) = delete;

    // Takes up what can change while it leads: all of it, or on an error nothing.
    Result<void> take(const ReadAgain& files);
    // Why the files that were there when it began are not in force; empty: they are, or others since.
    const std::string& problem() const noexcept { return problem_; }

    // A stream that an agent made, or a node that joins.
    StreamEvents* accept(StreamId stream, const SocketAddress& from) { return controller_.accept(stream, from); }

    std::optional<Fence> fence() const noexcept { return fence_; }
    // As Controller's.
    std::optional<Instant> store_silent_since() const noexcept { return controller_.store_silent_since(); }
    Answered<std::string> answer(std::string_view line) { return commands_.answer(line); }
    HttpAnswer answer(const HttpRequest& request) { return api_.answer(request); }
    void add_metrics(MetricsText& out) const { add_controller_metrics(out, controller_); }
    void note_event(EventKind kind, std::string text) { controller_.note_event(kind, std::move(text)); }

  private:
    Lead(const LeadParts& parts, std::optional<Fence> fence, std::unique_ptr<Store> store, Api::Answer operators);

    // Files into the store. Errors: as Store::take_files.
    StoreResult<void> write(const std::optional<DiscoveryConfig>& discovery, const std::string& policy);
    StoreResult<void> take_first(const LeadParts& parts);

    const std::string discovery_path_;
    const std::function<void(const std::string&)> log_;
    std::optional<Fence> fence_;
    std::unique_ptr<Store> store_;
    std::string problem_;
    Controller controller_;
    OperatorCommands commands_;
    Api api_;
    Upkeep upkeep_;
};

}  // namespace izar
