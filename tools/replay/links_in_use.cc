#include "tools/replay/links_in_use.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/base/limits.h"
#include "sched/path_search.h"

namespace izar {
namespace {

NodeSlot slot_at(std::size_t number) {
    return NodeSlot{static_cast<std::uint16_t>(number)};
}

std::unique_ptr<CostMatrix> costs_of(const RttMatrix& cost_ms) {
    auto out = std::make_unique<CostMatrix>(cost_ms.nodes());
    for (std::size_t from = 0; from < cost_ms.nodes(); ++from) {
        for (std::size_t to = 0; to < cost_ms.nodes(); ++to) {
            if (from != to && cost_ms.at(from, to) != kUnknownRtt) {
                const float us = std::clamp(cost_ms.at(from, to) * 1'000.0F, static_cast<float>(kLeastCost),
                                            static_cast<float>(kWorstCost));
                out->set(slot_at(from), slot_at(to), static_cast<Cost>(us));
            }
        }
    }
    return out;
}

// Marks of links, which are the same in both directions.
class Marks {
  public:
    explicit Marks(std::size_t nodes) : nodes_(nodes), marked_(nodes * nodes) {}

    void mark(NodeSlot a, NodeSlot b) { marked_[std::min(raw(a), raw(b)) * nodes_ + std::max(raw(a), raw(b))] = true; }
    void mark(NodeSlot from, const RelayPath& path, NodeSlot to) {
        for (const NodeSlot relay : path.relay) {
            if (relay != kNoSlot) {
                mark(from, relay);
                from = relay;
            }
        }
        mark(from, to);
    }
    std::size_t count() const { return static_cast<std::size_t>(std::ranges::count(marked_, true)); }

  private:
    std::size_t nodes_;
    std::vector<bool> marked_;
};

}  // namespace

std::optional<LinksInUse> count_links_in_use(const RttMatrix& cost_ms) {
    if (cost_ms.nodes() > kMaxNodes) {
        return std::nullopt;
    }
    const auto costs = costs_of(cost_ms);
    Marks measured(cost_ms.nodes());
    Marks own(cost_ms.nodes());
    Marks any(cost_ms.nodes());
    for (std::size_t from = 0; from < cost_ms.nodes(); ++from) {
        PathSearch search{*costs, slot_at(from)};
        search.rebuild();
        for (std::size_t to = 0; to < cost_ms.nodes(); ++to) {
            if (from == to) {
                continue;
            }
            if (cost_ms.at(from, to) != kUnknownRtt) {
                measured.mark(slot_at(from), slot_at(to));
            }
            const RelayPath best = search.best(slot_at(to));
            for (const RelayPath& path : {best, search.best_avoiding(slot_at(to), best)}) {
                if (path.exists()) {
                    own.mark(slot_at(from), path.first_hop(slot_at(to)));
                    any.mark(slot_at(from), path, slot_at(to));
                }
            }
        }
    }
    return LinksInUse{measured.count(), own.count(), any.count()};
}

}  // namespace izar
