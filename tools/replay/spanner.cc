// spanner.cc -- Greedy, shortest links first; the costs over at most three kept links are kept up to date.
#include "tools/replay/spanner.h"

#include <algorithm>

#include "sched/summary/believed_mesh.h"

namespace izar {
namespace {

class Spanner {
  public:
    explicit Spanner(std::size_t nodes) : kept_(nodes), two_links_(nodes), three_links_(nodes), sources_(nodes) {}

    float cost(std::size_t from, std::size_t to) const { return three_links_.at(from, to); }

    // Paths of at most three kept links that use the new one, by where in the path it is.
    void keep(std::uint16_t from, std::uint16_t to, float cost) {
        const std::size_t stride = kept_.stride();
        kept_.set(from, to, cost);
        relax_row(two_links_.row(from), kept_.row(to), cost, stride);  // first of two
        for (const auto source : sources_[from])                       // second of two
            better(two_links_, source, to, kept_.at(source, from) + cost);
        better(two_links_, from, to, cost);
        relax_row(three_links_.row(from), two_links_.row(to), cost, stride);  // first of three
        for (const auto source : sources_[from]) {                            // second of three
            relax_row(three_links_.row(source), kept_.row(to), kept_.at(source, from) + cost, stride);
            better(three_links_, source, to, kept_.at(source, from) + cost);
        }
        for (std::size_t source = 0; source < kept_.nodes(); ++source)  // last of three
            better(three_links_, source, to, two_links_.at(source, from) + cost);
        better(three_links_, from, to, cost);
        sources_[to].push_back(from);
    }

  private:
    static void better(RttMatrix& matrix, std::size_t from, std::size_t to, float cost) {
        matrix.row(from)[to] = std::min(matrix.at(from, to), cost);
    }

    RttMatrix kept_;
    RttMatrix two_links_;
    RttMatrix three_links_;
    std::vector<std::vector<std::uint16_t>> sources_;  // by destination: kept links into it
};

}  // namespace

std::vector<LinkIndex> spanner_links(const RttMatrix& direct, float eps) {
    const bool symmetric = direct.symmetric();
    std::vector<LinkIndex> links;
    for (std::uint16_t from = 0; from < direct.nodes(); ++from)
        for (std::uint16_t to = 0; to < direct.nodes(); ++to)
            if (from != to && (!symmetric || from < to) && direct.at(from, to) != kUnknownRtt)
                links.push_back({from, to});
    std::stable_sort(links.begin(), links.end(),
                     [&](const auto& a, const auto& b) { return direct.at(a.from, a.to) < direct.at(b.from, b.to); });
    Spanner spanner(direct.nodes());
    std::vector<LinkIndex> kept;
    for (const auto link : links) {
        const float cost = direct.at(link.from, link.to);
        if (spanner.cost(link.from, link.to) <= cost * (1.0F + eps))
            continue;
        spanner.keep(link.from, link.to, cost);
        if (symmetric)
            spanner.keep(link.to, link.from, cost);
        kept.push_back(link);
    }
    std::sort(kept.begin(), kept.end());
    return kept;
}

}  // namespace izar
