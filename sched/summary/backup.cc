// backup.cc -- Rounds over all pairs: who is chosen now, and is there a way around it?
#include "sched/summary/backup.h"

#include <algorithm>
#include <array>
#include <vector>

#include "sched/min_plus.h"

namespace izar {
namespace {

constexpr std::uint32_t kNobody = 0xFFFFFFFF;
constexpr float kRounding = 1.0F + 1e-6F;

// The last relay of every source's choice to one destination, kNobody where it goes there directly.
struct Choice {
    std::vector<float> cost;
    std::vector<std::uint32_t> last;
};

// Choices over at most one more kept link than `ways` (by destination) has behind it.
template <typename Ways>
void choose_last(const BelievedMesh& mesh, std::size_t to, std::size_t stride, const Ways& ways, Choice& choice) {
    choice.cost.assign(mesh.own(to), mesh.own(to) + stride);
    choice.last.assign(stride, kNobody);
    for (const auto& entry : mesh.into(to)) {
        const float* way = ways(entry.from);
        for (std::size_t from = 0; from < stride; ++from) {
            const float cost = way[from] + entry.believed;
            const bool better = cost < choice.cost[from];
            choice.cost[from] = better ? cost : choice.cost[from];
            choice.last[from] = better ? entry.from : choice.last[from];
        }
    }
}

// What no round changes. The least cost over one relay is a lower bound of the best backup: where it is met,
// the search around the first path's relays need not be made.
struct Knowledge {
    RttMatrix direct_into;    // by destination
    RttMatrix believed_into;  // by destination
    RttMatrix least;          // by source: over exactly one relay
};

Knowledge knowledge_of(const RttMatrix& direct, const RttMatrix& believed) {
    RttMatrix detour = direct;
    for (std::size_t node = 0; node < detour.nodes(); ++node)
        detour.row(node)[node] = kUnknownRtt;
    RttMatrix least(direct.nodes());
    relax_through(least, detour, detour);
    return {direct.transposed(), believed.transposed(), std::move(least)};
}

class BackupRound {
  public:
    BackupRound(BelievedMesh& mesh, const Knowledge& full, float eps)
        : mesh_(mesh), full_(full), limit_((1.0F + eps) * kRounding) {
        to_relay_.resize(mesh.nodes());
        for (std::size_t relay = 0; relay < mesh.nodes(); ++relay)
            choose_last(
                mesh, relay, stride(), [&](std::size_t via) { return mesh.own(via); }, to_relay_[relay]);
    }

    // Whether any link was added.
    bool run(const RttMatrix& direct) {
        bool added = false;
        Choice choice;
        for (std::size_t to = 0; to < mesh_.nodes(); ++to) {
            choose_last(
                mesh_, to, stride(), [&](std::size_t via) { return mesh_.one_relay(via); }, choice);
            for (std::size_t from = 0; from < mesh_.nodes(); ++from)
                if (from != to)
                    added |= keep_backup(direct, from, to, relays_of(choice, from));
        }
        return added;
    }

  private:
    using Relays = std::array<std::uint32_t, 2>;

    std::size_t stride() const noexcept { return full_.least.stride(); }

    Relays relays_of(const Choice& choice, std::size_t from) const {
        const auto last = choice.last[from];
        return {last, last == kNobody ? kNobody : to_relay_[last].last[from]};
    }

    // The least sum over one relay that is neither end nor avoided.
    LeastSum least_around(const RttMatrix& into, const float* row, std::size_t from, std::size_t to,
                          const Relays& avoid) {
        scratch_.assign(into.row(to), into.row(to) + stride());
        scratch_[from] = scratch_[to] = kUnknownRtt;
        for (const auto relay : avoid)
            if (relay != kNobody)
                scratch_[relay] = kUnknownRtt;
        return least_sum(row, scratch_.data(), stride());
    }

    bool keep_backup(const RttMatrix& direct, std::size_t from, std::size_t to, const Relays& primary) {
        const float* row = direct.row(from);
        float have = primary[0] == kNobody ? kUnknownRtt : row[to];
        const float direct_cost = have;
        for (const auto& entry : mesh_.into(to))
            if (entry.from != from && entry.from != primary[0] && entry.from != primary[1])
                have = std::min(have, row[entry.from] + entry.believed);
        if (have <= std::min(direct_cost, full_.least.at(from, to)) * limit_)
            return false;
        const float best = std::min(direct_cost, least_around(full_.direct_into, row, from, to, primary).cost);
        if (have <= best * limit_)
            return false;
        const auto [cost, relay] = least_around(full_.believed_into, row, from, to, primary);
        if (!(cost < have))
            return false;
        mesh_.keep({static_cast<std::uint16_t>(relay), static_cast<std::uint16_t>(to)},
                   full_.believed_into.at(to, relay), true);
        return true;
    }

    BelievedMesh& mesh_;
    const Knowledge& full_;
    float limit_;
    std::vector<Choice> to_relay_;  // by relay: how every source gets there over at most one kept link
    std::vector<float> scratch_;
};

}  // namespace

void keep_backups(BelievedMesh& mesh, const RttMatrix& direct, const RttMatrix& believed, float backup_eps) {
    const Knowledge full = knowledge_of(direct, believed);
    // Every round but the last keeps at least one more link, so this ends.
    while (BackupRound(mesh, full, backup_eps).run(direct)) {
    }
}

}  // namespace izar
