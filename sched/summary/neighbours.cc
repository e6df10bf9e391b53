// neighbours.cc -- Distances to the k-th nearest neighbour, by whichever search is fastest for the shape.
#include <algorithm>
#include <cmath>
#include <nanoflann.hpp>

#include "dataplane/base/check.h"
#include "sched/summary/partition.h"

namespace izar {
namespace {

// What nanoflann asks of a set of points.
struct PointCloud {
    std::span<const float> points;
    std::size_t features;

    std::size_t kdtree_get_point_count() const { return points.size() / features; }
    float kdtree_get_pt(std::size_t item, std::size_t feature) const { return points[item * features + feature]; }
    template <typename Box>
    bool kdtree_get_bbox(Box&) const {
        return false;
    }
};
using Tree = nanoflann::KDTreeSingleIndexAdaptor<nanoflann::L2_Simple_Adaptor<float, PointCloud>, PointCloud, -1>;

std::vector<float> by_tree(std::span<const float> points, std::size_t features, std::size_t k) {
    const PointCloud cloud{points, features};
    const std::size_t items = cloud.kdtree_get_point_count();
    const Tree tree(static_cast<int>(features), cloud, nanoflann::KDTreeSingleIndexAdaptorParams(10));
    std::vector<float> result(items);
    std::vector<std::uint32_t> found(k + 1);
    std::vector<float> squares(k + 1);
    for (std::size_t item = 0; item < items; ++item) {
        // The point itself is found, too, at distance 0.
        const std::size_t count = tree.knnSearch(points.data() + item * features, k + 1, found.data(), squares.data());
        result[item] = std::sqrt(squares[count - 1]);
    }
    return result;
}

std::vector<float> by_all_pairs(std::span<const float> points, std::size_t features, std::size_t k) {
    const std::size_t items = points.size() / features;
    std::vector<float> result(items);
    std::vector<float> squares(items);
    for (std::size_t item = 0; item < items; ++item) {
        for (std::size_t other = 0; other < items; ++other) {
            float square = 0;
            for (std::size_t feature = 0; feature < features; ++feature) {
                const float difference = points[item * features + feature] - points[other * features + feature];
                square += difference * difference;
            }
            squares[other] = square;
        }
        std::nth_element(squares.begin(), squares.begin() + static_cast<std::ptrdiff_t>(k), squares.end());
        result[item] = std::sqrt(squares[k]);
    }
    return result;
}

}  // namespace

std::vector<float> neighbour_distances(std::span<const float> points, std::size_t features, std::size_t k,
                                       NeighbourSearch search) {
    CHECK(features > 0 && points.size() % features == 0);
    const std::size_t items = points.size() / features;
    if (items < 2)
        return std::vector<float>(items, 0.0F);
    k = std::min(k, items - 1);
    const bool tree =
        search == NeighbourSearch::automatic ? items >= kBruteForceBelow : search == NeighbourSearch::tree;
    return tree ? by_tree(points, features, k) : by_all_pairs(points, features, k);
}

}  // namespace izar
