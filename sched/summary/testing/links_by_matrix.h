// links_by_matrix.h -- The links of a summary in two ways that must agree: one after the other, and out of a matrix a
// column.
#pragma once

#include <algorithm>
#include <vector>

#include "sched/summary/mesh_summary.h"

namespace izar {

struct KnownLink {
    LinkIndex at;
    std::vector<float> values;  // by column
    friend bool operator==(const KnownLink&, const KnownLink&) = default;
};

// Those of which any column is known, in order.
inline std::vector<KnownLink> known_links(const MeshSummary& summary) {
    std::vector<KnownLink> out;
    summary.for_each_link([&](LinkIndex at, std::span<const Code> codes) {
        KnownLink link{at, {}};
        for (std::size_t column = 0; column < codes.size(); ++column)
            link.values.push_back(Quantizer(summary.links.fraction_bits[column]).decode(codes[column]));
        if (std::ranges::any_of(link.values, [](float value) { return value != kUnknownRtt; }))
            out.push_back(link);
    });
    return out;
}

inline std::vector<KnownLink> known_links_by_matrix(const MeshSummary& summary) {
    std::vector<RttMatrix> matrices;
    for (std::size_t column = 0; column < summary.links.columns(); ++column)
        matrices.push_back(summary.believed_links(column));
    std::vector<KnownLink> out;
    for (std::uint16_t from = 0; from < summary.nodes; ++from)
        for (std::uint16_t to = 0; to < summary.nodes; ++to) {
            KnownLink link{{from, to}, {}};
            for (const RttMatrix& matrix : matrices)
                link.values.push_back(matrix.at(from, to));
            if (from != to && std::ranges::any_of(link.values, [](float value) { return value != kUnknownRtt; }))
                out.push_back(link);
        }
    return out;
}

}  // namespace izar
