// backup.h -- Keeping what a second, disjoint path needs.
//
// Thread: pure function over the caller's mesh.
#pragma once

#include "sched/matrix.h"
#include "sched/summary/believed_mesh.h"

namespace izar {

// Adds links to `mesh` until every pair has, besides the path that a receiver will choose, a path without
// that one's relays (without the direct link, if the choice is direct) that costs at most (1 + backup_eps)
// times the best such path of at most one relay over all links, or the best that believed costs allow.
// Changes of the choice by added links are followed until nothing changes any more.
void keep_backups(BelievedMesh& mesh, const RttMatrix& direct, const RttMatrix& believed, float backup_eps);

}  // namespace izar
