// min_plus.h -- The min-plus product: the cheapest way from every node to every other through one node.
//
// With D the direct links, D (x) D holds the best one-relay path of every pair; applied twice it holds the
// best two-relay path. One product of n nodes is n^3 additions and minima; the kernel is chosen at run
// time (AVX-512, AVX2, or the plain loop that the others are tested against).
//
// Thread: pure functions. Infinity (kUnknownRtt) is absorbed, so unknown links need no branch.
#pragma once

#include "sched/matrix.h"

namespace izar {

enum class MinPlusKernel { scalar, avx2, avx512 };

// The fastest kernel that this CPU has.
MinPlusKernel best_min_plus_kernel() noexcept;

// best[s][t] = min(best[s][t], min over m of first[s][m] + second[m][t]). All three have the same nodes;
// `best` is neither of the others.
void relax_through(RttMatrix& best, const RttMatrix& first, const RttMatrix& second,
                   MinPlusKernel kernel = best_min_plus_kernel());

// The same where the result is known to be symmetric (a product of powers of one symmetric matrix): half
// the work, mirrored.
void relax_through_symmetric(RttMatrix& best, const RttMatrix& first, const RttMatrix& second,
                             MinPlusKernel kernel = best_min_plus_kernel());

// The best path of every pair with at most this many relays (0, 1 or 2) over the given links.
RttMatrix best_paths(const RttMatrix& direct, int relays, MinPlusKernel kernel = best_min_plus_kernel());

}  // namespace izar
