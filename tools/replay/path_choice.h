// path_choice.h -- The path that every node chooses to every other one, all at once, for a given knowledge.
//
// The scheduler thread of a node searches from one source (sched/path_search.h); a replay needs all of them,
// so it multiplies matrices and then looks up the relays of each pair. Both choose the same costs.
//
// Thread: pure functions. Units: ms (RttMatrix).
#pragma once

#include <cstdint>
#include <vector>

#include "sched/matrix.h"

namespace izar {

inline constexpr std::uint16_t kNoRelay = 0xFFFF;

struct RelayChoice {
    std::uint16_t first = kNoRelay;   // kNoRelay: the path is direct
    std::uint16_t second = kNoRelay;  // kNoRelay: at most one relay
    friend bool operator==(const RelayChoice&, const RelayChoice&) = default;
};

struct ChosenPaths {
    RttMatrix cost;                   // as believed
    std::vector<RelayChoice> relays;  // [from][to]
};

// What every source chooses that knows its own row of `own` and believes `others` about everybody else's links.
ChosenPaths choose_paths(const RttMatrix& own, const RttMatrix& others, int relays);

// What a path costs where the source's own links are `own` and the others cost `others`.
float path_cost(const RttMatrix& own, const RttMatrix& others, std::size_t from, std::size_t to,
                const RelayChoice& relays);

}  // namespace izar
