#include "sched/cost_matrix.h"

#include "dataplane/base/check.h"

namespace izar {

CostMatrix::CostMatrix(std::size_t nodes)
    : nodes_(nodes), stride_(padded_size(nodes)), costs_(nodes * padded_size(nodes), kUnknownCost) {
    CHECK(nodes <= kMaxNodes);
}

}  // namespace izar
