// prune.cc -- The per-pair rule, greedily: first for best paths, then for backups.
#include "sched/summary/prune.h"

#include <algorithm>

#include "sched/min_plus.h"
#include "sched/summary/backup.h"
#include "sched/summary/believed_mesh.h"

namespace izar {
namespace {

// Sums of floats in different order differ in their last bits; a bound must not fail by that.
constexpr float kRounding = 1.0F + 1e-6F;

// Everything the greedy pass reads, with an infinite diagonal: no path passes a node twice for nothing.
struct FullKnowledge {
    RttMatrix limit;          // by destination: what each source's path may cost
    RttMatrix believed_into;  // by destination: the links into it as a receiver would read them
    RttMatrix one_relay;      // by source: best cost over at most one relay, if every link were kept
};

void cut_diagonal(RttMatrix& matrix) {
    for (std::size_t node = 0; node < matrix.nodes(); ++node)
        matrix.row(node)[node] = kUnknownRtt;
}

FullKnowledge full_knowledge(const RttMatrix& direct, const RttMatrix& believed, float eps) {
    RttMatrix best = best_paths(direct, 2);
    FullKnowledge full{best.transposed(), believed.transposed(), direct};
    for (std::size_t to = 0; to < direct.nodes(); ++to) {
        float* limit = full.limit.row(to);
        for (std::size_t from = 0; from < direct.nodes(); ++from)
            limit[from] *= (1.0F + eps) * kRounding;
        limit[to] = kUnknownRtt;
    }
    relax_through(full.one_relay, direct, believed);
    cut_diagonal(full.one_relay);
    cut_diagonal(full.believed_into);
    return full;
}

// Keeps the links of the best path from `from` to `to` that the source lacks.
void keep_best_path(BelievedMesh& mesh, const RttMatrix& direct, const FullKnowledge& full, std::size_t from,
                    std::size_t to) {
    const std::size_t stride = direct.stride();
    const auto [cost, last] = least_sum(full.one_relay.row(from), full.believed_into.row(to), stride);
    if (cost == kUnknownRtt)
        return;
    const float hop = full.believed_into.at(to, last);
    if (mesh.one_relay(last)[from] + hop > full.limit.at(to, from)) {
        // What is kept does not bring the source to the last relay cheaply enough: keep the link into that, too.
        const auto [_, first] = least_sum(direct.row(from), full.believed_into.row(last), stride);
        const float middle = full.believed_into.at(last, first);
        if (first != from && direct.at(from, first) + middle < mesh.one_relay(last)[from])
            mesh.keep({static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)}, middle, true);
    }
    mesh.keep({static_cast<std::uint16_t>(last), static_cast<std::uint16_t>(to)}, hop, true);
}

void keep_best_paths(BelievedMesh& mesh, const RttMatrix& direct, const FullKnowledge& full) {
    std::vector<float> cost(direct.stride());
    for (std::size_t to = 0; to < direct.nodes(); ++to) {
        mesh.two_relays(to, cost.data());
        const float* limit = full.limit.row(to);
        for (std::size_t from = 0; from < direct.nodes(); ++from) {
            if (cost[from] <= limit[from])
                continue;
            keep_best_path(mesh, direct, full, from, to);
            mesh.two_relays(to, cost.data());
        }
    }
}

}  // namespace

std::vector<KeptLink> prune_links(const RttMatrix& direct, const RttMatrix& believed, const PruneRule& rule,
                                  std::span<const HeldLink> held) {
    CHECK(direct.nodes() == believed.nodes() && direct.nodes() <= 0xFFFF);
    BelievedMesh mesh(direct);
    for (const HeldLink& link : held)
        mesh.keep(link.link, link.believed, false);
    keep_best_paths(mesh, direct, full_knowledge(direct, believed, rule.eps));
    if (rule.backup_eps)
        keep_backups(mesh, direct, believed, *rule.backup_eps);
    return mesh.kept();
}

}  // namespace izar
