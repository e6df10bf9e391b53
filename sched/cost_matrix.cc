#include "sched/cost_matrix.h"

#include "dataplane/base/check.h"

namespace izar {

CostMatrix::CostMatrix(std::size_t nodes)
    : nodes_(nodes),
      stride_(padded_size(nodes)),
      by_far_end_(nodes * stride_, kUnknownCost),
      by_near_end_(nodes * stride_, kUnknownCost) {
    CHECK(nodes <= kMaxNodes);
}

}  // namespace izar
