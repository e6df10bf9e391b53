#include "tools/controller/reload.h"

#include <utility>

#include "tools/controller/inventory.h"
#include "tools/program/texts.h"

namespace izar {

Reload::Reload(ControllerOptions options, SchedulingConfig& config, std::vector<std::string> environment, Seat& seat,
               std::function<void(const std::string&)> log)
    : options_(std::move(options)),
      config_(config),
      environment_(std::move(environment)),
      seat_(seat),
      log_(std::move(log)) {}

Result<ReadAgain> Reload::read() const {
    ReadAgain out;
    const auto text = read_config_file(options_.config);
    if (!text) {
        return tl::unexpected(text.error());
    }
    auto config = parse_scheduling_config(*text, options_.config, environment_);
    if (!config) {
        return tl::unexpected(config.error());
    }
    out.config = *std::move(config);
    if (!options_.discovery.empty()) {
        auto discovery = read_discovery_file(options_.discovery, environment_);
        if (!discovery) {
            return tl::unexpected(discovery.error());
        }
        out.discovery = *std::move(discovery);
    }
    if (!options_.policy.empty()) {
        auto policy = read_policy_file(options_.policy, environment_);
        if (!policy) {
            return tl::unexpected(policy.error());
        }
        out.policy = *std::move(policy);
    }
    return out;
}

void Reload::act() {
    auto files = read();
    if (files) {
        take(*std::move(files));
    } else {
        state_.problem = files.error().text;
        log_("SIGHUP changes nothing: " + state_.problem);
    }
    seat_.set_config_state(state_);
}

void Reload::take(ReadAgain files) {
    SchedulingConfig next = files.config;
    const auto changed = changed_keys(scheduling_keys(config_), scheduling_keys(next), true);
    state_.needs_restart = changed_keys(scheduling_keys(config_), scheduling_keys(next), false);
    if (auto taken = seat_.take(std::move(files)); !taken) {
        state_.problem = taken.error().text;
        log_("SIGHUP changes nothing: " + state_.problem);
        return;
    }
    take_at_sighup(config_, next);
    ++state_.generation;
    state_.problem.clear();
    log_("configuration " + std::to_string(state_.generation) + " is in force; " +
         (changed.empty() ? "no key of " + options_.config + " changed that can do so now"
                          : "changed in " + options_.config + ": " + listed(changed)));
    for (const std::string& path : {options_.discovery, options_.policy}) {
        if (!path.empty()) {
            log_(path + " is taken up");
        }
    }
    if (!state_.needs_restart.empty()) {
        log_("changed, and in force only after a restart: " + listed(state_.needs_restart));
    }
}

}  // namespace izar
