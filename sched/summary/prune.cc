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

// Matrices by destination are the matrices themselves where the mesh is symmetric.
RttMatrix by_destination(const RttMatrix& matrix, bool symmetric) {
    return symmetric ? matrix : matrix.transposed();
}

void cut_diagonal(RttMatrix& matrix) {
    for (std::size_t node = 0; node < matrix.nodes(); ++node)
        matrix.row(node)[node] = kUnknownRtt;
}

class GreedyPass {
  public:
    GreedyPass(BelievedMesh& mesh, const RttMatrix& direct, const RttMatrix& believed, float eps)
        : mesh_(mesh), direct_(direct), believed_(believed), one_relay_(direct) {
        const auto relax = mesh.symmetric() ? relax_through_symmetric : relax_through;
        relax(one_relay_, direct, direct, best_min_plus_kernel());
        RttMatrix two_relays = one_relay_;
        relax(two_relays, one_relay_, direct, best_min_plus_kernel());
        limit_ = by_destination(two_relays, mesh.symmetric());
        believed_into_ = by_destination(believed, mesh.symmetric());
        for (std::size_t to = 0; to < direct.nodes(); ++to) {
            float* limit = limit_.row(to);
            for (std::size_t from = 0; from < direct.stride(); ++from)
                limit[from] *= (1.0F + eps) * kRounding;
            limit[to] = kUnknownRtt;
        }
        // No path passes a node twice for nothing.
        cut_diagonal(one_relay_);
        cut_diagonal(believed_into_);
    }

    void keep_best_paths() {
        std::vector<float> cost(direct_.stride());
        for (std::size_t to = 0; to < direct_.nodes(); ++to) {
            mesh_.two_relays(to, cost.data());
            for (std::size_t from = 0; from < direct_.nodes(); ++from) {
                // `cost` lags behind links that later additions to other relays bettered, so look again.
                if (cost[from] <= limit_.at(to, from) || met(from, to))
                    continue;
                auto last = keep_best_path(one_relay_, from, to);
                if (!met(from, to))
                    last = keep_best_path(believed_one_relay(), from, to);
                if (last < direct_.nodes())
                    relax_row(cost.data(), mesh_.one_relay(last), believed_into_.at(to, last), direct_.stride());
            }
        }
    }

  private:
    bool met(std::size_t from, std::size_t to) const {
        return std::ranges::any_of(mesh_.into(to), [&](const BelievedMesh::Entry& entry) {
            return mesh_.one_relay(entry.from)[from] + entry.believed <= limit_.at(to, from);
        });
    }

    // Keeps the links of the best path that the source lacks, with `one_relay` (by source) as the way to the
    // last relay. Returns that relay, or something past all nodes if there is no path.
    std::size_t keep_best_path(const RttMatrix& one_relay, std::size_t from, std::size_t to) {
        const std::size_t stride = direct_.stride();
        const auto [cost, last] = least_sum(one_relay.row(from), believed_into_.row(to), stride);
        if (cost == kUnknownRtt)
            return stride;
        const float hop = believed_into_.at(to, last);
        if (mesh_.one_relay(last)[from] + hop > limit_.at(to, from)) {
            // What is kept does not bring the source to the last relay cheaply enough: keep a link into that, too.
            const auto [_, first] = least_sum(direct_.row(from), believed_into_.row(last), stride);
            const float middle = believed_into_.at(last, first);
            if (first != from && direct_.at(from, first) + middle < mesh_.one_relay(last)[from])
                mesh_.keep({static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)}, middle, true);
        }
        mesh_.keep({static_cast<std::uint16_t>(last), static_cast<std::uint16_t>(to)}, hop, true);
        return last;
    }

    // Costs over one relay as a receiver would read them: needed only where the quantizer's step, added to the
    // true best path, breaks the bound that another path might keep.
    const RttMatrix& believed_one_relay() {
        if (believed_one_relay_.nodes() == 0) {
            believed_one_relay_ = direct_;
            relax_through(believed_one_relay_, direct_, believed_);
            cut_diagonal(believed_one_relay_);
        }
        return believed_one_relay_;
    }

    BelievedMesh& mesh_;
    const RttMatrix& direct_;
    const RttMatrix& believed_;
    RttMatrix one_relay_;      // by source: best true cost over at most one relay
    RttMatrix limit_;          // by destination: what each source's path may cost
    RttMatrix believed_into_;  // by destination: the links into it as a receiver would read them
    RttMatrix believed_one_relay_;
};

}  // namespace

std::vector<KeptLink> prune_links(const RttMatrix& direct, const RttMatrix& believed, const PruneRule& rule,
                                  std::span<const HeldLink> held) {
    CHECK(direct.nodes() == believed.nodes() && direct.nodes() <= 0xFFFF);
    BelievedMesh mesh(direct);
    for (const HeldLink& link : held)
        mesh.keep(link.link, link.believed, false);
    GreedyPass(mesh, direct, believed, rule.eps).keep_best_paths();
    if (rule.backup_eps)
        keep_backups(mesh, direct, believed, *rule.backup_eps);
    return mesh.kept();
}

}  // namespace izar
