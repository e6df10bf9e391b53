#include "sched/last_mile.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace izar {
namespace {

constexpr double kLeastCpuPerRequest = 1e-9;  // a node that does not notice a request has room for all
constexpr double kNothing = 1e-9;             // of a share

}  // namespace

// What one round works on: expected CPU and the price of one more request, by index.
struct LastMile::Round {
    std::span<const MileNode> nodes;
    double requests;
    double target;
    std::vector<double> share;
    std::vector<double> cpu;
    std::vector<double> price;

    double cpu_of_share(std::size_t i) const {
        return std::max(nodes[i].cpu_per_request, kLeastCpuPerRequest) * std::max(requests, 1.0);
    }
    double room(std::size_t i) const { return std::max(target - cpu[i], 0.0) / cpu_of_share(i); }
    double excess(std::size_t i) const { return std::max(cpu[i] - target, 0.0) / cpu_of_share(i); }

    void add(std::size_t i, double moved) {
        share[i] += moved;
        cpu[i] += moved * cpu_of_share(i);
    }

    // How much may go from one node to another.
    double movable(std::size_t from, std::size_t to) const {
        if (price[from] <= price[to]) {
            return 0;
        }
        double most = share[from];
        if (nodes[from].delay_ms <= nodes[to].delay_ms) {
            most = std::min(most, excess(from));
        }
        const double level = (cpu[from] - cpu[to]) / (cpu_of_share(from) + cpu_of_share(to));
        return std::min(most, std::max(room(to), cpu[from] > target ? level : 0.0));
    }

    // Gives an orphaned share to the cheapest nodes with room, then evenly to all.
    void place(double orphaned, const std::vector<std::size_t>& by_price) {
        for (const std::size_t i : by_price) {
            const double taken = std::min(orphaned, room(i));
            add(i, taken);
            orphaned -= taken;
        }
        for (const std::size_t i : by_price) {
            add(i, orphaned / static_cast<double>(by_price.size()));
        }
    }

    void move(double budget, const std::vector<std::size_t>& by_price) {
        for (auto from = by_price.rbegin(); from != by_price.rend(); ++from) {
            for (const std::size_t to : by_price) {
                const double moved = std::clamp(movable(*from, to), 0.0, budget);
                if (moved > kNothing) {
                    add(*from, -moved);
                    add(to, moved);
                    budget -= moved;
                }
            }
        }
    }
};

void LastMile::start_from(const std::map<NodeId, double>& shares) {
    for (const auto& [node, share] : shares) {
        states_[node].share = share;
    }
}

std::vector<double> LastMile::balance(std::span<const MileNode> nodes, double requests) {
    Round round{.nodes = nodes, .requests = requests, .target = policy_.target_cpu};
    std::vector<std::size_t> by_price;
    std::map<NodeId, State> next;
    double placed = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const MileNode& node = nodes[i];
        const auto known = states_.find(node.node);
        State state = known == states_.end() ? State{} : known->second;
        state.queue = std::max(state.queue + node.cpu_percent - policy_.target_cpu, 0.0);
        const double core_weight = node.cores <= 1 ? 1.0 : 0.5;
        round.cpu.push_back(node.cpu_percent);
        round.price.push_back(core_weight * state.queue * node.cpu_per_request + policy_.delay_weight * node.delay_ms);
        round.share.push_back(node.usable ? state.share : 0);
        placed += round.share.back();
        if (node.usable) {
            by_price.push_back(i);
        }
        next[node.node] = state;
    }
    std::stable_sort(by_price.begin(), by_price.end(),
                     [&](std::size_t a, std::size_t b) { return round.price[a] < round.price[b]; });
    const bool first_round = placed <= kNothing;
    if (first_round) {
        for (const std::size_t i : by_price) {
            round.share[i] = 1.0 / static_cast<double>(by_price.size());
        }
    } else {
        round.place(std::max(1 - placed, 0.0), by_price);
        round.move(policy_.most_moved_percent / 100, by_price);
    }
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        next[nodes[i].node].share = round.share[i];
    }
    states_ = std::move(next);
    return round.share;
}

double LastMile::queue(NodeId node) const {
    const auto known = states_.find(node);
    return known == states_.end() ? 0 : known->second.queue;
}

std::vector<std::uint32_t> to_weights(std::span<const double> shares) {
    std::vector<std::uint32_t> weights;
    for (const double share : shares) {
        const auto thousandths = static_cast<std::uint32_t>(std::lround(std::clamp(share, 0.0, 1.0) * 1'000));
        weights.push_back(share > kNothing ? std::max(thousandths, 1U) : 0U);
    }
    return weights;
}

}  // namespace izar
