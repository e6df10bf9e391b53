// links_in_use.h -- How much of a full mesh its nodes need: links that some pair's path or its backup leads over.
//
// What keep-alives between all pairs spend on the other links is decided in docs/decisions/0030.
//
// Thread: a pure function.
#pragma once

#include <cstddef>
#include <optional>

#include "sched/matrix.h"

namespace izar {

struct LinksInUse {
    std::size_t measured = 0;      // links of the mesh, one for each pair of nodes with a cost in either direction
    std::size_t of_own_paths = 0;  // of these, first hops of a primary or backup path of one of their ends
    std::size_t of_any_paths = 0;  // and hops of anybody's
};

// Every node searches as in izar-edge, with all costs known: its best paths of at most two relays, and for each a
// backup. Nothing for more than kMaxNodes nodes.
std::optional<LinksInUse> count_links_in_use(const RttMatrix& cost_ms);

}  // namespace izar
