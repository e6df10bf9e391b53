// mesh_summary_test.cc -- A summary read back link by link is what it is as matrices.
#include "sched/summary/mesh_summary.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>

#include "sched/summary/testing/links_by_matrix.h"

namespace izar {
namespace {

std::vector<std::uint8_t> some_grouping(std::size_t nodes, std::mt19937& random) {
    std::vector<std::uint8_t> out;
    for (std::size_t node = 0; node < nodes && random() % 8 != 0; ++node)
        out.push_back(static_cast<std::uint8_t>(random() % 3));
    out.resize(out.empty() ? 0 : nodes);
    return out;
}

Code some_code(std::mt19937& random) {
    return random() % 6 == 0 ? kUnknownCode : static_cast<Code>(random() % 300);
}

MeshSummary some_summary(std::mt19937& random) {
    MeshSummary out;
    out.nodes = static_cast<std::uint16_t>(1 + random() % 9);
    out.symmetric = random() % 2 == 0;
    out.region_of = some_grouping(out.nodes, random);
    out.links.fraction_bits.assign(random() % 5, 6);
    out.links.rest = random() % 2 == 0 ? Rest::absent : Rest::represented;
    if (random() % 3 != 0)
        for (std::size_t i = 0; i < out.link_groups() * out.links.columns(); ++i)
            out.links.groups.push_back(some_code(random));
    for (std::uint16_t from = 0; from < out.nodes; ++from)
        for (std::uint16_t to = 0; to < out.nodes; ++to)
            if ((out.symmetric ? from < to : from != to) && random() % 2 == 0) {
                SummaryItem item{{from, to}, !out.links.groups.empty() && random() % 3 == 0, {}};
                for (std::size_t column = 0; column < out.links.columns() && !item.represented; ++column)
                    item.codes[column] = some_code(random);
                out.links.items.push_back(item);
            }
    return out;
}

RC_GTEST_PROP(MeshSummary, LinkByLinkIsWhatMatricesSay, (std::uint32_t seed)) {
    std::mt19937 random(seed);
    const MeshSummary summary = some_summary(random);
    RC_ASSERT(known_links(summary) == known_links_by_matrix(summary));
}

}  // namespace
}  // namespace izar
