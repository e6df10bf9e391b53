// drain_watch.h -- DrainWatch: which drained nodes hold no flow any more.
//
// A node that counts 0 flows may still get one from a node that was not told yet. So it is empty when a count of 0 was
// taken after every agent that is here had acknowledged that it is drained; and no more when a later count says so.
//
// Thread: one; time is a parameter.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "dataplane/base/types.h"

namespace izar {

class DrainWatch {
  public:
    static constexpr Nanos kOldestCount = std::chrono::seconds{2};  // what a report says was counted within it

    // The drained nodes, and whether all agents that are here have acknowledged them. To be called often.
    void look(const std::set<NodeId>& drained, bool all_told, Instant now);
    void take_count(NodeId node, std::uint64_t flows, Instant now);

    bool is_empty(NodeId node) const;

  private:
    struct Drained {
        std::optional<Instant> told_at;
        bool empty = false;
    };
    std::map<NodeId, Drained> drained_;
};

}  // namespace izar
