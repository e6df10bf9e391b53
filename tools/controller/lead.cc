#include "tools/controller/lead.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <utility>

#include "ctrl/controller/fleet_identity.h"
#include "tools/controller/inventory.h"

namespace izar {
namespace {

FleetIdentity fleet_identity(const LeadParts& parts) {
    FleetIdentity out;
    std::array<std::uint8_t, sizeof out.store> number{};
    parts.random(number);
    std::memcpy(&out.store, number.data(), number.size());
    out.authority = certificate_fingerprint(parts.state.authority.certificate()).value();
    out.master = master_fingerprint(parts.state.master);
    return out;
}

}  // namespace

Lead::Lead(const LeadParts& parts, std::optional<Fence> fence, std::unique_ptr<Store> store, Api::Answer operators)
    : discovery_path_(parts.discovery),
      log_(parts.log),
      fence_(fence),
      store_(std::move(store)),
      controller_(
          {parts.loop, *store_, parts.state.authority, parts.tls, parts.state.master, parts.wall_clock, parts.log}),
      commands_(controller_, parts.random),
      api_(controller_, std::move(operators), parts.state.api_token),
      upkeep_(parts.loop, controller_, DiscoveryConfig{}.adopt, parts.log) {}

Result<std::unique_ptr<Lead>> Lead::begin(const LeadParts& parts, std::optional<Fence> fence, Api::Answer operators) {
    auto store = open_store(parts.config);
    if (!store) {
        return tl::unexpected(store.error());
    }
    const auto claimed = fence ? (*store)->claim(*fence) : (*store)->lead_alone();
    if (!claimed) {
        const bool fenced = claimed.error().fault == StoreFault::fenced;
        return fail((fenced ? "the store is another's: " : "") + claimed.error().text);
    }
    if (auto ours = claim_fleet(**store, fleet_identity(parts), parts.wall_clock()); !ours) {
        return tl::unexpected(ours.error());
    }
    std::unique_ptr<Lead> lead(new Lead(parts, fence, *std::move(store), std::move(operators)));
    if (auto taken = lead->take_first(parts); !taken) {
        return fail(taken.error().text);
    }
    if (auto started = lead->controller_.start(); !started) {
        return tl::unexpected(started.error());
    }
    return lead;
}

StoreResult<void> Lead::write(const std::optional<DiscoveryConfig>& discovery, const std::string& policy) {
    const auto revoked = store_->take_files(operator_files(discovery, policy), controller_.wall_now());
    if (!revoked) {
        const bool by_inventory = revoked.error().fault == StoreFault::refused && discovery;
        return store_fail(revoked.error().fault, (by_inventory ? discovery_path_ + ": " : "") + revoked.error().text);
    }
    for (const std::string& name : *revoked) {
        log_(fmt::format(
            "{}: node {} was revoked and stays so; take its line out, or change it to declare the node anew",
            discovery_path_, name));
    }
    if (discovery) {
        upkeep_.set_adopt_interval(discovery->adopt);
    }
    return {};
}

// Who keeps a fleet running does not stop because a line of an inventory contradicts it.
StoreResult<void> Lead::take_first(const LeadParts& parts) {
    std::optional<DiscoveryConfig> discovery;
    if (!parts.discovery.empty()) {
        auto read = read_discovery_file(parts.discovery, parts.environment);
        if (!read) {
            problem_ = read.error().text;
        } else {
            discovery = *std::move(read);
        }
    }
    if (problem_.empty()) {
        auto taken = write(discovery, parts.policy);
        if (!taken && taken.error().fault != StoreFault::refused) {
            return taken;
        }
        problem_ = taken ? "" : taken.error().text;
    }
    if (!problem_.empty()) {
        log_("the files are not taken up, and what the store has stays in force; mend them and send SIGHUP: " +
             problem_);
    }
    return {};
}

Result<void> Lead::take(const ReadAgain& files) {
    if (const auto taken = write(files.discovery, files.policy.value_or("")); !taken) {
        return fail(taken.error().text);
    }
    const StoreOptions options = store_options(files.config);
    store_->keep_for(options.keep_samples, options.keep_removals);
    problem_.clear();
    (void)controller_.refresh();  // which it tries again by itself
    return {};
}

}  // namespace izar
