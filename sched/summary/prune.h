// prune.h -- Which links a node must be told of, so that it still finds paths as short as with all of them.
//
// A node knows its own row. To use the path s -> a -> b -> t it must be told of (a, b) and (b, t), never of
// (s, a). The rule is per pair, not per link (a spanner bounds each link, and paths of three then stretch by
// a quarter): for every ordered pair the best path of at most two relays, over the source's own row as it is
// and the kept links as the receiver will read them, costs at most (1 + eps) times the best one over all links.
//
// Greedy: destination by destination, every source whose bound does not hold yet adds the links of its best
// path. Best paths share their ends, so this keeps fewer links than a set cover per destination (PlanetLab,
// eps .035: 4.6 % against 4.8 to 6.5 %) at a fraction of the time.
//
// Thread: pure functions. Units: any additive link cost (RtMatrix); eps is a ratio.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sched/matrix.h"

namespace izar {

// An ordered pair of nodes by index. In a symmetric mesh a kept link stands for both directions, from < to.
struct LinkIndex {
    std::uint16_t from = 0;
    std::uint16_t to = 0;
    friend auto operator<=>(const LinkIndex&, const LinkIndex&) = default;
};

// A link that the receiver holds already, with the cost it believes, which is not below the true one.
struct HeldLink {
    LinkIndex link;
    float believed = kUnknownRtt;
};

struct PruneRule {
    float eps = 0.03F;
    // Also keep what a second path needs: for every pair a path without the first one's relays (without the
    // direct link, if that is the first one) of at most (1 + backup_eps) times the best such path that has at
    // most one relay. Absent: no care is taken.
    std::optional<float> backup_eps;
};

struct KeptLink {
    LinkIndex link;
    bool fresh = true;  // false: the receiver's held belief is good enough, nothing needs to be sent
    friend bool operator==(const KeptLink&, const KeptLink&) = default;
};

// Requires: `believed` is what a receiver will read for each link if it is sent now, never below `direct`;
//           both symmetric or neither.
// Ensures:  the rule, over `held` beliefs and fresh ones, for every pair that can meet it at all: where even
//           believed costs of all links miss the bound (a quantizer coarser than eps) the best of them is kept.
//           All of `held` is in the result. Ordered by link.
std::vector<KeptLink> prune_links(const RttMatrix& direct, const RttMatrix& believed, const PruneRule& rule,
                                  std::span<const HeldLink> held = {});

}  // namespace izar
