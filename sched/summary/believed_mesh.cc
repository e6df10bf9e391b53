// believed_mesh.cc -- Rows are relaxed as whole padded cache lines; the compiler makes vectors of them.
#include "sched/summary/believed_mesh.h"

#include <algorithm>

namespace izar {
namespace {
constexpr std::size_t kLanes = 16;
}

void relax_row(float* best, const float* way, float hop, std::size_t stride) noexcept {
    for (std::size_t i = 0; i < stride; ++i)
        best[i] = std::min(best[i], way[i] + hop);
}

LeastSum least_sum(const float* x, const float* y, std::size_t stride) noexcept {
    float lanes[kLanes];
    std::fill(lanes, lanes + kLanes, kUnknownRtt);
    for (std::size_t i = 0; i < stride; i += kLanes)
        for (std::size_t lane = 0; lane < kLanes; ++lane)
            lanes[lane] = std::min(lanes[lane], x[i + lane] + y[i + lane]);
    const float least = *std::min_element(lanes, lanes + kLanes);
    std::size_t index = 0;
    while (index < stride && x[index] + y[index] != least)
        ++index;
    return {least, index};
}

BelievedMesh::BelievedMesh(const RttMatrix& direct)
    : symmetric_(direct.symmetric()), own_(direct.transposed()), one_relay_(own_), into_(direct.nodes()) {}

void BelievedMesh::keep(LinkIndex link, float believed, bool fresh) {
    keep_one(link.from, link.to, believed, fresh);
    if (symmetric_)
        keep_one(link.to, link.from, believed, fresh);
}

void BelievedMesh::keep_one(std::size_t from, std::size_t to, float believed, bool fresh) {
    auto& entries = into_[to];
    const auto known = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.from == from; });
    if (known == entries.end())
        entries.push_back({static_cast<std::uint16_t>(from), fresh, believed});
    else if (believed < known->believed)
        *known = {known->from, fresh, believed};
    else
        return;
    relax_row(one_relay_.row(to), own(from), believed, own_.stride());
}

void BelievedMesh::two_relays(std::size_t to, float* cost) const {
    std::copy_n(one_relay(to), own_.stride(), cost);
    for (const Entry& entry : into_[to])
        relax_row(cost, one_relay(entry.from), entry.believed, own_.stride());
}

std::vector<KeptLink> BelievedMesh::kept() const {
    std::vector<KeptLink> result;
    for (std::size_t to = 0; to < into_.size(); ++to)
        for (const Entry& entry : into_[to])
            if (!symmetric_ || entry.from < to)
                result.push_back({{entry.from, static_cast<std::uint16_t>(to)}, entry.fresh});
    std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) { return a.link < b.link; });
    return result;
}

}  // namespace izar
