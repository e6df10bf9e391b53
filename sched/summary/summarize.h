// summarize.h -- From a measured mesh to the summary that is sent.
//
// Thread: pure functions of their arguments.
// Bounds: with eps, every path that a receiver chooses (own row as measured, everybody else's links as believed,
//         at most two relays) costs at most (1 + eps) times the best one over all links. Decoded costs are never
//         below the true ones.
#pragma once

#include <optional>
#include <vector>

#include "sched/matrix.h"
#include "sched/summary/mesh_summary.h"
#include "sched/summary/partition.h"

namespace izar {

enum class SummaryKind {
    knn,         // every link: represented by its region pair, or singular and as measured
    pruned,      // only the links that paths need, as measured
    pruned_knn,  // only the links that paths need, represented where the region pair can
};

struct SummaryRule {
    SummaryKind kind = SummaryKind::pruned;
    float eps = 0.03F;
    std::optional<float> backup_eps;      // pruned kinds: keep second paths, see PruneRule
    std::vector<std::uint8_t> region_of;  // by node; empty: found from the RTTs where the kind needs them
    std::size_t neighbours = 4;
    float mads = 3.5F;
};

// The summary of a mesh, generation 0. With `base`, what its receivers hold already is used as far as it is still
// right, and the result has base's shape, so that the difference is small; where the base does not fit (other
// nodes, other kind, other eps) the result stands alone.
MeshSummary summarize_links(const RttMatrix& direct, const SummaryRule& rule, const MeshSummary* base = nullptr);

// The node table: CPU, memory, load (or any up to kMaxColumns features), [node][feature]. A class speaks for its
// plain members; singular ones are listed. `class_of` may be empty: one class.
struct NodeFeatures {
    std::size_t features = 0;
    std::vector<float> values;
    std::vector<std::uint8_t> class_of;
};
// With `base`, what its receivers hold stays as far as every value is still within its feature's eps of it, so that the
// change is small; where half of a new table's items or fewer would do, the table is made anew.
void summarize_nodes(MeshSummary& summary, const NodeFeatures& nodes, const PartitionRule& rule,
                     const MeshSummary* base = nullptr);

}  // namespace izar
