#include "dataplane/stages/route.h"

#include <algorithm>

namespace izar {
namespace {

// The alternative of the table that has the flow's segments, or nullptr: then the path is gone.
const Path* find_path(const Destination& destination, const FlowPath& current) noexcept {
    for (unsigned i = 0; i < destination.path_count; ++i) {
        if (destination.path[i].segments == current.segments) {
            return &destination.path[i];
        }
    }
    return nullptr;
}

// How much longer a packet on the old path may be under way than one on the new path.
Nanos delay_difference(const Path& old, const Path& better) noexcept {
    const auto us = static_cast<std::int64_t>(old.predicted_rtt_us) - better.predicted_rtt_us;
    return std::chrono::microseconds{std::max<std::int64_t>(us, 0)};
}

bool share_node(const Path& a, const Path& b) noexcept {
    for (std::size_t i = 0; i + 1 < a.length; ++i) {
        for (std::size_t j = 0; j + 1 < b.length; ++j) {
            if (a.segments[i] == b.segments[j]) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace

const Path* second_path(const Destination& destination, const SharedLinks& links, const Path& first) noexcept {
    const Path* found = nullptr;
    for (unsigned i = 0; i < destination.path_count; ++i) {
        const Path& path = destination.path[i];
        if (path.first_link == first.first_link || links.down(path.first_link)) {
            continue;
        }
        if (!share_node(path, first)) {
            return &path;
        }
        found = found == nullptr ? &path : found;
    }
    return found;
}

const Path* usable_path(const Destination& destination, const SharedLinks& links, std::uint64_t hash) noexcept {
    if (destination.path_count == 0) {
        return nullptr;
    }
    const std::uint8_t chosen = destination.spread[hash % kSpreadSlots];
    // Both are loaded and one is picked: no branch for the case that is rare but must be fast.
    const Path* const pair[2] = {&destination.path[chosen], &destination.path[destination.backup[chosen]]};
    return pair[links.down(pair[0]->first_link) ? 1 : 0];
}

bool moves(FlowPath& current, const Path& better, const Destination& destination, const SharedLinks& links, Nanos gap,
           FlowTime now) noexcept {
    const Path* const old = find_path(destination, current);
    if (old == nullptr || links.down(old->first_link)) {
        return true;
    }
    const bool waited = current.waits && elapsed(current.since, now) >= kLongestFlowletWait;
    if (waited || gap > delay_difference(*old, better)) {
        return true;
    }
    if (!current.waits) {
        current.waits = true;
        current.since = now;
    }
    return false;
}

}  // namespace izar
