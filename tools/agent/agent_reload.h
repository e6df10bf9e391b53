// agent_reload.h -- AgentReload: agent.yaml, read again at SIGHUP. The list of controllers is taken up; other keys that
// changed are named and wait for a restart. A file with a mistake changes nothing.
//
// Thread: the event loop's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ctrl/agent/agent.h"
#include "tools/agent/agent_options.h"

namespace izar {

class AgentReload {
  public:
    // `config` is in force, and keys that can change change there. `environment` overrides the file's keys.
    AgentReload(std::string path, std::vector<std::string> environment, AgentConfig& config, Agent& agent,
                std::function<void(const std::string&)> log);

    // Says what came of it in the log and to the agent, whom operators ask.
    void act();

  private:
    void take(AgentConfig next);

    std::string path_;
    std::vector<std::string> environment_;
    AgentConfig& config_;
    Agent& agent_;
    std::function<void(const std::string&)> log_;
    ConfigState state_;
};

}  // namespace izar
