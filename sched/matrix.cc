// matrix.cc -- RttMatrix, what does not belong in a header.
#include "sched/matrix.h"

namespace izar {

bool RttMatrix::symmetric() const noexcept {
    for (std::size_t from = 0; from < nodes_; ++from)
        for (std::size_t to = from + 1; to < nodes_; ++to)
            if (at(from, to) != at(to, from))
                return false;
    return true;
}

RttMatrix RttMatrix::transposed() const {
    RttMatrix result(nodes_);
    for (std::size_t from = 0; from < nodes_; ++from)
        for (std::size_t to = 0; to < nodes_; ++to)
            result.row(to)[from] = at(from, to);
    return result;
}

}  // namespace izar
