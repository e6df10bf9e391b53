#include "tools/edge/edge_reload.h"

#include "dataplane/config/edge_config_text.h"
#include "dataplane/config/edge_keys.h"
#include "tools/edge/edge_policies.h"
#include "tools/program/texts.h"

namespace izar {

const ConfigState& EdgeReload::act() {
    state_.read_again = parts_.wall_clock();
    if (const auto taken = take(); taken) {
        ++state_.generation;
        state_.problem.clear();
    } else {
        state_.problem = taken.error().text;
    }
    return state_;
}

Result<void> EdgeReload::take() {
    const auto next = load_edge_config(parts_.path, parts_.environment);
    const auto policies = next ? read_policies(*next, parts_.environment) : tl::unexpected(next.error());
    if (!policies) {
        parts_.complain("SIGHUP changes nothing: " + policies.error().text);
        return tl::unexpected(policies.error());
    }
    state_.needs_restart = changed_edge_keys(parts_.in_force, *next);
    if (!state_.needs_restart.empty()) {
        parts_.log("changed, and in force only after a restart: " + listed(state_.needs_restart));
    }
    if (parts_.in_force.security == SecurityMode::none) {
        parts_.log(parts_.path + " is read; security: none has no link secrets");
        return {};
    }
    const auto replaced = parts_.replace_secrets();
    if (!replaced) {
        parts_.complain("link secrets stay as they are: " + replaced.error().text);
        return tl::unexpected(replaced.error());
    }
    parts_.log(*replaced);
    return {};
}

}  // namespace izar
