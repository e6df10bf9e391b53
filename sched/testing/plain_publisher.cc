// Publisher without DPDK, for tests of the scheduler and offline replay: the same contract, with plain epochs instead
// of rte_rcu.
#include <algorithm>
#include <array>
#include <atomic>
#include <limits>

#include "dataplane/base/check.h"
#include "dataplane/tables/publisher.h"

namespace izar {
namespace {

constexpr std::uint64_t kOffline = std::numeric_limits<std::uint64_t>::max();

}  // namespace

struct Publisher::State {
    struct Root {
        RouteTable table;
        Published published;
        std::uint64_t replaced_by = 0;  // generation; 0: never published or still the newest
    };
    std::size_t lcores;
    std::array<Root, kRoots> roots{};
    std::array<std::atomic<std::uint64_t>, kMaxLcores> seen{};  // generation at the last quiescent state
    std::atomic<Root*> newest{nullptr};
    std::atomic<std::uint64_t> generation{0};
    std::uint64_t refused = 0;
    std::atomic<std::uint64_t> graces{0};
    std::array<std::atomic<std::uint64_t>, kMaxLcores> passed{};  // graces begun before the last quiescent state
};

Publisher::Publisher(std::size_t lcores) : state_(std::make_unique<State>()) {
    state_->lcores = lcores;
    for (auto& seen : state_->seen) {
        seen = kOffline;
    }
    for (auto& passed : state_->passed) {
        passed = kOffline;
    }
}

Publisher::~Publisher() = default;

RouteTable* Publisher::writable(const OnSched&) noexcept {
    std::uint64_t oldest = kOffline;
    for (std::size_t i = 0; i < state_->lcores; ++i) {
        oldest = std::min(oldest, state_->seen[i].load());
    }
    for (State::Root& root : state_->roots) {
        if (&root != state_->newest.load() && root.replaced_by <= oldest) {
            return &root.table;
        }
    }
    ++state_->refused;
    return nullptr;
}

void Publisher::publish(const OnSched&, RouteTable* table, std::shared_ptr<const Fleet> fleet,
                        std::shared_ptr<const ServiceTable> services, std::shared_ptr<const OwnRow> own_row) noexcept {
    for (State::Root& root : state_->roots) {
        if (&root.table != table) {
            continue;
        }
        const std::uint64_t generation = ++state_->generation;
        table->generation = generation;
        root.published = {generation, table, std::move(fleet), std::move(services), std::move(own_row)};
        if (State::Root* replaced = state_->newest.exchange(&root)) {
            replaced->replaced_by = generation;
        }
        return;
    }
    CHECK(!"published a table that is not from writable()");
}

void Publisher::online(const OnLcore& lcore) noexcept {
    quiescent(lcore);
}
void Publisher::offline(const OnLcore& lcore) noexcept {
    state_->seen[raw(lcore.index())] = kOffline;
    state_->passed[raw(lcore.index())] = kOffline;
}
void Publisher::quiescent(const OnLcore& lcore) noexcept {
    state_->seen[raw(lcore.index())] = state_->generation.load();
    state_->passed[raw(lcore.index())] = state_->graces.load();
}
std::uint64_t Publisher::begin_grace(const OnSched&) noexcept {
    return ++state_->graces;
}
bool Publisher::grace_over(const OnSched&, std::uint64_t token) noexcept {
    return std::all_of(state_->passed.begin(), state_->passed.begin() + static_cast<std::ptrdiff_t>(state_->lcores),
                       [token](const auto& passed) { return passed.load() >= token; });
}
const Published& Publisher::read(const OnLcore&) const noexcept {
    return state_->newest.load()->published;
}
std::uint64_t Publisher::generation() const noexcept {
    return state_->generation;
}
std::uint64_t Publisher::refused() const noexcept {
    return state_->refused;
}

}  // namespace izar
