#include "dataplane/tables/publisher.h"

#include <rte_rcu_qsbr.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <utility>

#include "dataplane/base/check.h"

namespace izar {

struct Publisher::State {
    enum class SlotState : std::uint8_t { free, filling, current, retired };

    struct Slot {
        RouteTable table;
        Published root;
        SlotState state = SlotState::free;
        std::uint64_t token = 0;  // when retired: free again once every online lcore has passed it
    };

    std::array<Slot, kRoots> slots;
    std::atomic<const Published*> current{nullptr};
    std::atomic<std::uint64_t> generation{0};
    std::atomic<std::uint64_t> refused{0};
    Published empty;  // what lcores read before the first publish
    rte_rcu_qsbr* qsbr = nullptr;

    void reclaim() noexcept {
        for (Slot& slot : slots) {
            if (slot.state == SlotState::retired && rte_rcu_qsbr_check(qsbr, slot.token, false) == 1) {
                slot.root = Published{};
                slot.state = SlotState::free;
            }
        }
    }
};

Publisher::Publisher(std::size_t lcores) : state_(std::make_unique<State>()) {
    const std::size_t bytes = rte_rcu_qsbr_get_memsize(static_cast<std::uint32_t>(lcores));
    const std::size_t rounded = (bytes + RTE_CACHE_LINE_SIZE - 1) / RTE_CACHE_LINE_SIZE * RTE_CACHE_LINE_SIZE;
    state_->qsbr = static_cast<rte_rcu_qsbr*>(std::aligned_alloc(RTE_CACHE_LINE_SIZE, rounded));
    CHECK(state_->qsbr != nullptr && rte_rcu_qsbr_init(state_->qsbr, static_cast<std::uint32_t>(lcores)) == 0);
    for (unsigned i = 0; i < lcores; ++i) {
        CHECK(rte_rcu_qsbr_thread_register(state_->qsbr, i) == 0);
    }
    state_->current.store(&state_->empty, std::memory_order_release);
}

Publisher::~Publisher() {
    std::free(state_->qsbr);
}

RouteTable* Publisher::writable(const OnSched&) noexcept {
    state_->reclaim();
    for (State::Slot& slot : state_->slots) {
        if (slot.state == State::SlotState::free || slot.state == State::SlotState::filling) {
            slot.state = State::SlotState::filling;
            return &slot.table;
        }
    }
    state_->refused.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
}

void Publisher::publish(const OnSched&, RouteTable* table, std::shared_ptr<const Fleet> fleet,
                        std::shared_ptr<const ServiceTable> services, std::shared_ptr<const OwnRow> own_row) noexcept {
    State::Slot* fresh = nullptr;
    State::Slot* old = nullptr;
    for (State::Slot& slot : state_->slots) {
        fresh = &slot.table == table ? &slot : fresh;
        old = slot.state == State::SlotState::current ? &slot : old;
    }
    CHECK(fresh != nullptr && fresh->state == State::SlotState::filling);
    const std::uint64_t generation = state_->generation.load(std::memory_order_relaxed) + 1;
    table->generation = generation;
    fresh->root = {generation, table, std::move(fleet), std::move(services), std::move(own_row)};
    fresh->state = State::SlotState::current;
    state_->current.store(&fresh->root, std::memory_order_release);
    state_->generation.store(generation, std::memory_order_relaxed);
    if (old != nullptr) {
        old->token = rte_rcu_qsbr_start(state_->qsbr);
        old->state = State::SlotState::retired;
    }
}

void Publisher::online(const OnLcore& lcore) noexcept {
    rte_rcu_qsbr_thread_online(state_->qsbr, raw(lcore.index()));
}

void Publisher::offline(const OnLcore& lcore) noexcept {
    rte_rcu_qsbr_thread_offline(state_->qsbr, raw(lcore.index()));
}

void Publisher::quiescent(const OnLcore& lcore) noexcept {
    rte_rcu_qsbr_quiescent(state_->qsbr, raw(lcore.index()));
}

const Published& Publisher::read(const OnLcore&) const noexcept {
    return *state_->current.load(std::memory_order_acquire);
}

std::uint64_t Publisher::begin_grace(const OnSched&) noexcept {
    return rte_rcu_qsbr_start(state_->qsbr);
}

bool Publisher::grace_over(const OnSched&, std::uint64_t token) noexcept {
    return rte_rcu_qsbr_check(state_->qsbr, token, false) == 1;
}

std::uint64_t Publisher::generation() const noexcept {
    return state_->generation.load(std::memory_order_relaxed);
}

std::uint64_t Publisher::refused() const noexcept {
    return state_->refused.load(std::memory_order_relaxed);
}

}  // namespace izar
