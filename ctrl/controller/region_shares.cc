#include "ctrl/controller/region_shares.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

namespace izar {
namespace {

double sum_of(const std::map<NodeId, double>& shares) {
    return std::accumulate(shares.begin(), shares.end(), 0.0,
                           [](double sum, const auto& each) { return sum + each.second; });
}

}  // namespace

void RegionShares::restore(const std::vector<SharesRecord>& records) {
    for (const SharesRecord& record : records) {
        regions_[record.region] = {{record.weights.begin(), record.weights.end()}, GroupEpoch{record.epoch}, true};
    }
}

bool RegionShares::leaves_out(const std::string& region, NodeId node) const {
    const auto found = regions_.find(region);
    return found != regions_.end() && found->second.restored && !found->second.shares.contains(node);
}

std::vector<SharesRecord> RegionShares::records() const {
    std::vector<SharesRecord> out;
    for (const auto& [name, region] : regions_) {
        if (region.epoch != GroupEpoch{}) {
            out.push_back({name, raw(region.epoch), {}});
            for (const auto& [node, share] : region.shares) {
                out.back().weights[node] = weight(node);
            }
        }
    }
    return out;
}

bool RegionShares::set_members(const std::vector<RegionMember>& members) {
    bool begins_anew = false;
    std::map<std::string, std::set<NodeId>> in_use;
    for (const RegionMember& member : members) {
        auto& nodes = in_use[member.region];
        if (member.usable) {
            nodes.insert(member.node);
        }
    }
    std::erase_if(regions_, [&](const auto& each) { return !in_use.contains(each.first); });
    for (const auto& [name, nodes] : in_use) {
        Region& region = regions_[name];
        std::erase_if(region.shares, [&nodes = nodes](const auto& each) { return !nodes.contains(each.first); });
        if (region.shares.size() == nodes.size() && sum_of(region.shares) > 0) {
            continue;
        }
        begins_anew |= region.epoch != GroupEpoch{};
        region = {};
        for (const NodeId node : nodes) {
            region.shares[node] = 1;
        }
    }
    publish();
    return begins_anew;
}

void RegionShares::take(const std::string& region, GroupEpoch epoch, const std::map<NodeId, std::uint32_t>& weights) {
    const auto found = regions_.find(region);
    if (found == regions_.end()) {
        return;
    }
    std::map<NodeId, double> shares = found->second.shares;
    for (auto& [node, share] : shares) {
        const auto weight = weights.find(node);
        share = weight == weights.end() ? 0 : weight->second;
    }
    if (sum_of(shares) > 0) {
        found->second = {std::move(shares), epoch};
        publish();
    }
}

void RegionShares::publish() {
    constexpr double kPercent = 100;
    weights_.clear();
    percent_.clear();
    for (const auto& [name, region] : regions_) {
        const double sum = sum_of(region.shares);
        std::vector<double> shares;
        for (const auto& [node, share] : region.shares) {
            shares.push_back(share / sum);
        }
        const auto weights = to_weights(shares);
        auto weight = weights.begin();
        for (const auto& [node, share] : region.shares) {
            weights_[node] = *weight++;
            percent_[node] = kPercent * share / sum * static_cast<double>(region.shares.size());
        }
    }
}

std::uint32_t RegionShares::weight(NodeId node) const {
    const auto found = weights_.find(node);
    return found == weights_.end() ? 0 : found->second;
}

double RegionShares::percent_of_equal(NodeId node) const {
    const auto found = percent_.find(node);
    return found == percent_.end() ? 100 : found->second;
}

GroupEpoch RegionShares::epoch(const std::string& region) const {
    const auto found = regions_.find(region);
    return found == regions_.end() ? GroupEpoch{} : found->second.epoch;
}

}  // namespace izar
