#include "tools/controller/lead.h"

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

Lead::Lead(const LeadParts& parts, std::optional<Fence> fence, std::unique_ptr<Store> store, Nanos adopt_interval,
           Api::Answer operators)
    : discovery_path_(parts.discovery),
      fence_(fence),
      store_(std::move(store)),
      controller_(
          {parts.loop, *store_, parts.state.authority, parts.tls, parts.state.master, parts.wall_clock, parts.log}),
      commands_(controller_, parts.random),
      api_(controller_, std::move(operators), parts.state.api_token),
      upkeep_(parts.loop, controller_, adopt_interval, parts.log) {}

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
    DiscoveryConfig discovery;
    if (!parts.discovery.empty()) {
        auto read = read_discovery_file(parts.discovery, parts.environment);
        if (!read) {
            return tl::unexpected(read.error());
        }
        discovery = *std::move(read);
        if (auto taken = import_discovery(**store, discovery, parts.discovery, parts.wall_clock()); !taken) {
            return tl::unexpected(taken.error());
        }
    }
    if (!parts.policy.empty()) {
        if (auto taken = import_policy(**store, parts.policy, parts.wall_clock()); !taken) {
            return tl::unexpected(taken.error());
        }
    }
    std::unique_ptr<Lead> lead(new Lead(parts, fence, *std::move(store), discovery.adopt, std::move(operators)));
    if (auto started = lead->controller_.start(); !started) {
        return tl::unexpected(started.error());
    }
    return lead;
}

Result<void> Lead::take(const ReadAgain& files) {
    const StoreOptions options = store_options(files.config);
    store_->keep_for(options.keep_samples, options.keep_removals);
    const WallTime now = controller_.wall_now();
    if (files.discovery) {
        if (auto taken = import_discovery(*store_, *files.discovery, discovery_path_, now); !taken) {
            return taken;
        }
        upkeep_.set_adopt_interval(files.discovery->adopt);
    }
    if (files.policy) {
        if (auto taken = import_policy(*store_, *files.policy, now); !taken) {
            return taken;
        }
    }
    return controller_.refresh();
}

}  // namespace izar
