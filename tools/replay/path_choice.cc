// path_choice.cc -- Costs by min-plus products, relays by one pass over the last relay's candidates.
#include "tools/replay/path_choice.h"

#include "sched/min_plus.h"
#include "sched/summary/believed_mesh.h"

namespace izar {
namespace {

RttMatrix without_diagonal(RttMatrix matrix) {
    for (std::size_t node = 0; node < matrix.nodes(); ++node)
        matrix.row(node)[node] = kUnknownRtt;
    return matrix;
}

std::uint16_t as_relay(std::size_t node) {
    return static_cast<std::uint16_t>(node);
}

}  // namespace

ChosenPaths choose_paths(const RttMatrix& own, const RttMatrix& others, int relays) {
    CHECK(relays >= 0 && relays <= 2 && own.nodes() == others.nodes());
    const std::size_t nodes = own.nodes();
    const std::size_t stride = own.stride();
    ChosenPaths result{own, std::vector<RelayChoice>(nodes * nodes)};
    if (relays == 0)
        return result;
    RttMatrix one_relay = own;
    relax_through(one_relay, own, others);
    const RttMatrix& to_last = relays == 2 ? one_relay : own;  // cost from each source to a last relay
    relax_through(result.cost, to_last, others);

    const RttMatrix into = without_diagonal(others.transposed());
    const RttMatrix from_source = without_diagonal(own);
    const RttMatrix to_relay = without_diagonal(to_last);
    for (std::size_t from = 0; from < nodes; ++from)
        for (std::size_t to = 0; to < nodes; ++to) {
            if (from == to || !(result.cost.at(from, to) < own.at(from, to)))
                continue;
            const auto last = least_sum(to_relay.row(from), into.row(to), stride).index;
            RelayChoice& choice = result.relays[from * nodes + to];
            choice.first = as_relay(last);
            if (relays == 2 && to_relay.at(from, last) < own.at(from, last)) {
                choice.first = as_relay(least_sum(from_source.row(from), into.row(last), stride).index);
                choice.second = as_relay(last);
            }
        }
    return result;
}

float path_cost(const RttMatrix& own, const RttMatrix& others, std::size_t from, std::size_t to,
                const RelayChoice& relays) {
    if (relays.first == kNoRelay)
        return own.at(from, to);
    const float to_first = own.at(from, relays.first);
    if (relays.second == kNoRelay)
        return to_first + others.at(relays.first, to);
    return to_first + others.at(relays.first, relays.second) + others.at(relays.second, to);
}

}  // namespace izar
