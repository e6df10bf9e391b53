// region_shares.h -- RegionShares: which share of a region's clients each of its nodes takes in, as its master said
// last.
//
// Whoever is drained or withdrawn takes nobody in at once, and its share goes to the others in proportion. When a node
// comes into use, its region begins with equal shares, until its master says something else. A region without a master
// keeps its shares.
//
// A controller that takes the lead over goes on with what the one before left. Whom those shares do not name was out of
// use then, and stays so until it is heard of or a master speaks.
//
// Thread: one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ctrl/group/group_leases.h"
#include "ctrl/group/region_weights.h"
#include "ctrl/store/records.h"

namespace izar {

class RegionShares {
  public:
    // What another controller left, in place of what is here; counts once members are set anew.
    void restore(const std::vector<SharesRecord>& records);
    // Of a region whose shares are what another controller left: they do not name this node.
    bool leaves_out(const std::string& region, NodeId node) const;
    // What masters said, as far as it still holds.
    std::vector<SharesRecord> records() const;

    // All members of all regions; those that are not named any more are forgotten. True: a region that had its master's
    // shares begins with equal ones.
    bool set_members(const std::vector<RegionMember>& members);
    // What the region's master of this epoch says, in thousandths. Only members in use count; without any, nothing
    // changes.
    void take(const std::string& region, GroupEpoch epoch, const std::map<NodeId, std::uint32_t>& weights);

    // In thousandths of its region's clients; 0: takes nobody in.
    std::uint32_t weight(NodeId node) const;
    // The same as a part of an equal share, in percent; 100 of who is not known. Nodes have the same part of new flows
    // as egresses, because one CPU does both.
    double percent_of_equal(NodeId node) const;
    // The master that the region's shares are of; 0: they are equal ones.
    GroupEpoch epoch(const std::string& region) const;

  private:
    struct Region {
        std::map<NodeId, double> shares;  // of members in use; of any sum above 0
        GroupEpoch epoch{};
        bool restored = false;  // of another controller
    };
    void publish();

    std::map<std::string, Region> regions_;
    std::map<NodeId, std::uint32_t> weights_;
    std::map<NodeId, double> percent_;  // of an equal share
};

}  // namespace izar
