#include "ctrl/group/region_weights.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace izar {
namespace {

// Nobody counts a region's requests. Only the CPU that a share costs matters, so any number of them will do.
constexpr double kRequests = 1'000;
constexpr double kLeastShare = 0.01;  // below, what a node's CPU does is not the doing of its share
// A node that had no share for most of its rounds shows little but what it does by itself.
constexpr double kMostGrowth = 3;

}  // namespace

// What the node does with the share that it has now.
MileNode RegionWeights::expected(Region& region, const RegionMember& member) const {
    if (member.cpu_percent) {
        region.cpu[member.node] = *member.cpu_percent;
    }
    const auto known = region.cpu.find(member.node);
    const double cpu = known == region.cpu.end() ? 0 : known->second;
    const double share = weight(member.node) / 1'000.0;
    auto& shares = region.shares[member.node];
    shares.push_back(share);
    if (shares.size() > kRounds) {
        shares.pop_front();
    }
    const double mean = std::accumulate(shares.begin(), shares.end(), 0.0) / static_cast<double>(shares.size());
    const double cpu_of_all = cpu / std::max(mean, kLeastShare);
    MileNode node;
    node.node = member.node;
    node.usable = member.usable;
    node.cpu_percent = share == 0 ? cpu : std::min(cpu_of_all * share, kMostGrowth * cpu);
    node.cpu_per_request = cpu_of_all / kRequests;
    return node;
}

void RegionWeights::start_from(const std::vector<RegionMember>& members,
                               const std::map<NodeId, std::uint32_t>& weights) {
    std::map<std::string, std::map<NodeId, double>> shares;
    for (const RegionMember& member : members) {
        const auto found = weights.find(member.node);
        const std::uint32_t weight = found == weights.end() || !member.usable ? 0 : found->second;
        Region& region = regions_[member.region];
        weights_[member.node] = weight;
        shares[member.region][member.node] = weight / 1'000.0;
        region.shares[member.node].assign(kRounds, weight / 1'000.0);
        if (member.usable) {
            region.usable.insert(member.node);
        }
    }
    for (const auto& [name, of_nodes] : shares) {
        regions_[name].mile.start_from(of_nodes);
    }
}

void RegionWeights::balance(const std::vector<RegionMember>& members) {
    std::map<std::string, std::vector<MileNode>> by_region;
    for (const RegionMember& member : members) {
        Region& region = regions_[member.region];
        by_region[member.region].push_back(expected(region, member));
    }
    std::erase_if(regions_, [&](const auto& each) { return !by_region.contains(each.first); });
    weights_.clear();
    for (const auto& [name, nodes] : by_region) {
        Region& region = regions_.at(name);
        const auto left = [&nodes = nodes](const auto& each) {
            return std::ranges::find(nodes, each.first, &MileNode::node) == nodes.end();
        };
        std::erase_if(region.cpu, left);
        std::erase_if(region.shares, left);
        std::set<NodeId> usable;
        for (const MileNode& node : nodes) {
            if (node.usable) {
                usable.insert(node.node);
            }
        }
        if (!std::ranges::includes(region.usable, usable)) {
            region.mile = LastMile{};
        }
        region.mile.set_policy(policy_);
        region.usable = std::move(usable);
        const auto weights = to_weights(region.mile.balance(nodes, kRequests));
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            weights_[nodes[i].node] = weights[i];
        }
    }
}

std::uint32_t RegionWeights::weight(NodeId node) const {
    const auto found = weights_.find(node);
    return found == weights_.end() ? 0 : found->second;
}

}  // namespace izar
