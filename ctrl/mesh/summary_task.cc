#include "ctrl/mesh/summary_task.h"

#include <utility>

#include "ctrl/mesh/mesh_links.h"
#include "sched/summary/codec.h"

namespace izar {

MadeSummary SummaryTask::make() && {
    const MeshSummary* const base = held.empty() ? nullptr : held.back().get();
    auto summary = std::make_shared<MeshSummary>(summarize_features(with_both_ways(std::move(links)), rule, base));
    summary->node_items = {};
    if (loads.features > 0) {
        summarize_nodes(*summary, loads, load_rule(), base);
    }
    summary->generation = generation;
    MadeSummary out{fleet, summary, {}};
    const auto whole = encode_full(*summary);
    out.messages.emplace(0, whole);
    for (const auto& each : held) {
        const auto change = encode_delta(*each, *summary);
        out.messages.emplace(each->generation, change && change->size() < whole.size() ? *change : whole);
    }
    return out;
}

}  // namespace izar
