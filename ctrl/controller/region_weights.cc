#include "ctrl/controller/region_weights.h"

#include <algorithm>
#include <utility>

namespace izar {
namespace {

// Nobody counts a region's requests. Only the CPU that a share costs matters, so any number of them will do.
constexpr double kRequests = 1'000;
constexpr double kLeastShare = 0.01;  // below, what a node's CPU does is not the doing of its share

}  // namespace

void RegionWeights::balance(const std::vector<RegionMember>& members) {
    std::map<std::string, std::vector<MileNode>> by_region;
    for (const RegionMember& member : members) {
        Region& region = regions_[member.region];
        if (member.cpu_percent) {
            region.cpu[member.node] = *member.cpu_percent;
        }
        const auto cpu = region.cpu.find(member.node);
        const double share = std::max(weight(member.node) / 1'000.0, kLeastShare);
        MileNode node;
        node.node = member.node;
        node.usable = member.usable;
        node.cpu_percent = cpu == region.cpu.end() ? 0 : cpu->second;
        node.cpu_per_request = node.cpu_percent / (share * kRequests);
        by_region[member.region].push_back(node);
    }
    std::erase_if(regions_, [&](const auto& each) { return !by_region.contains(each.first); });
    weights_.clear();
    for (const auto& [name, nodes] : by_region) {
        Region& region = regions_.at(name);
        std::erase_if(region.cpu, [&nodes = nodes](const auto& each) {
            return std::ranges::find(nodes, each.first, &MileNode::node) == nodes.end();
        });
        std::set<NodeId> usable;
        for (const MileNode& node : nodes) {
            if (node.usable) {
                usable.insert(node.node);
            }
        }
        if (!std::ranges::includes(region.usable, usable)) {
            region.mile = LastMile{};
        }
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
