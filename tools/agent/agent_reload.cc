#include "tools/agent/agent_reload.h"

#include <fmt/format.h>

#include <utility>

#include "tools/program/texts.h"

namespace izar {

AgentReload::AgentReload(std::string path, std::vector<std::string> environment, AgentConfig& config, Agent& agent,
                         std::function<void(const std::string&)> log)
    : path_(std::move(path)),
      environment_(std::move(environment)),
      config_(config),
      agent_(agent),
      log_(std::move(log)) {}

void AgentReload::act() {
    auto next = load_agent_config(path_, environment_);
    if (next) {
        take(*std::move(next));
    } else {
        state_.problem = next.error().text;
        log_("SIGHUP changes nothing: " + state_.problem);
    }
    agent_.set_config_state(state_);
}

void AgentReload::take(AgentConfig next) {
    state_.needs_restart = changed_keys(agent_keys(config_), agent_keys(next), false);
    config_.controllers = next.controllers;
    agent_.set_controllers(std::move(next.controllers));
    ++state_.generation;
    state_.problem.clear();
    log_(fmt::format("{} is taken up", path_));
    if (!state_.needs_restart.empty()) {
        log_("changed, and in force only after a restart: " + listed(state_.needs_restart));
    }
}

}  // namespace izar
