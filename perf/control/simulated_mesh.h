// simulated_mesh.h -- SimulatedMesh: nodes in regions on a plane, and what each measures of the links to all others.
//
// Thread: constant once all nodes are in it.
#pragma once

#include <cmath>
#include <map>
#include <vector>

#include "dataplane/base/random.h"
#include "sched/feed.h"

namespace izar {

class SimulatedMesh {
  public:
    explicit SimulatedMesh(std::size_t regions) : regions_(regions) {}

    void add(NodeId node, Random& random) {
        const double region = static_cast<double>(nodes_.size() % regions_) * 10;
        places_.push_back({region + unit(random) * 2, unit(random) * 30});
        nodes_.push_back(node);
    }
    std::size_t size() const noexcept { return nodes_.size(); }
    NodeId node(std::size_t at) const noexcept { return nodes_[at]; }

    // As `from` measures it now: RTTs jitter by up to 2 %.
    FeedLink link(std::size_t from, std::size_t to, Random& random) const {
        const double way = std::hypot(places_[from].x - places_[to].x, places_[from].y - places_[to].y);
        const double rtt_ms = 1 + way * (1 + 0.02 * unit(random));
        return {.from = nodes_[from],
                .to = nodes_[to],
                .rtt = std::chrono::microseconds{static_cast<std::int64_t>(rtt_ms * 1'000)},
                .variation = std::chrono::microseconds{100},
                .count = 100};
    }
    std::map<NodeId, FeedLink> row(std::size_t from, Random& random) const {
        std::map<NodeId, FeedLink> out;
        for (std::size_t to = 0; to < nodes_.size(); ++to) {
            if (to != from) {
                out.emplace_hint(out.end(), nodes_[to], link(from, to, random));
            }
        }
        return out;
    }

  private:
    struct Place {
        double x = 0;
        double y = 0;
    };
    static double unit(Random& random) { return static_cast<double>(random.below(1'000'000)) / 1e6; }

    std::size_t regions_;
    std::vector<NodeId> nodes_;
    std::vector<Place> places_;
};

}  // namespace izar
