// regions.cc -- k medoids over an RTT matrix.
#include "sched/summary/regions.h"

#include <algorithm>
#include <cmath>

#include "sched/summary/mesh_summary.h"

namespace izar {
namespace {

constexpr int kRounds = 4;

// Unknown links count as very far, so that sums stay comparable.
constexpr float kFar = 1e6F;

float distance(const RttMatrix& matrix, std::size_t a, std::size_t b) {
    return std::min({matrix.at(a, b), matrix.at(b, a), kFar});
}

// Of `members`, the one whose distances to all of them sum to the least.
std::size_t middle_of(const RttMatrix& matrix, const std::vector<std::size_t>& members) {
    std::size_t middle = members.front();
    float least = kUnknownRtt;
    for (const auto candidate : members) {
        float sum = 0;
        for (const auto member : members)
            sum += distance(matrix, candidate, member);
        if (sum < least) {
            least = sum;
            middle = candidate;
        }
    }
    return middle;
}

std::vector<std::size_t> first_medoids(const RttMatrix& matrix, std::size_t regions) {
    std::vector<std::size_t> all(matrix.nodes());
    for (std::size_t node = 0; node < all.size(); ++node)
        all[node] = node;
    std::vector<std::size_t> medoids{middle_of(matrix, all)};
    std::vector<float> nearest(matrix.nodes(), kUnknownRtt);
    while (medoids.size() < regions) {
        for (const auto node : all)
            nearest[node] = std::min(nearest[node], distance(matrix, node, medoids.back()));
        const auto farthest = std::max_element(nearest.begin(), nearest.end());
        if (*farthest == 0.0F)
            break;
        medoids.push_back(static_cast<std::size_t>(farthest - nearest.begin()));
    }
    return medoids;
}

std::vector<std::uint8_t> nearest_medoids(const RttMatrix& matrix, const std::vector<std::size_t>& medoids) {
    std::vector<std::uint8_t> region_of(matrix.nodes());
    for (std::size_t node = 0; node < matrix.nodes(); ++node) {
        float least = kUnknownRtt;
        for (std::size_t region = 0; region < medoids.size(); ++region) {
            // A medoid is its own region's, also where another node is at distance 0.
            const float away = node == medoids[region] ? -1.0F : distance(matrix, node, medoids[region]);
            if (away < least) {
                least = away;
                region_of[node] = static_cast<std::uint8_t>(region);
            }
        }
    }
    return region_of;
}

}  // namespace

std::vector<std::uint8_t> find_regions(const RttMatrix& matrix, std::size_t regions) {
    CHECK(matrix.nodes() > 0 && regions > 0);
    auto medoids = first_medoids(matrix, std::min({regions, matrix.nodes(), kMaxGroups}));
    auto region_of = nearest_medoids(matrix, medoids);
    for (int round = 0; round < kRounds; ++round) {
        std::vector<std::vector<std::size_t>> members(medoids.size());
        for (std::size_t node = 0; node < matrix.nodes(); ++node)
            members[region_of[node]].push_back(node);
        for (std::size_t region = 0; region < medoids.size(); ++region)
            medoids[region] = middle_of(matrix, members[region]);
        region_of = nearest_medoids(matrix, medoids);
    }
    return region_of;
}

std::size_t usual_regions(std::size_t nodes) {
    return std::clamp<std::size_t>(static_cast<std::size_t>(std::sqrt(static_cast<double>(nodes)) / 2), 1, kMaxGroups);
}

}  // namespace izar
