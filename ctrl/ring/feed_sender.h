// feed_sender.h -- FeedSender: what the agent has for izar-edge, kept until the ring has room for it.
//
// Static data is sent whole, the newest only. Events are never dropped: of each link and node the newest state waits.
// The mesh of other nodes' links and the loads of nodes are dynamic: newer ones replace what was not sent of the older,
// and what was sent is not kept.
//
// Thread: the agent's. Bounded by the sizes of fleet and services.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "ctrl/frames/static_data.h"
#include "ctrl/ring/ring_end.h"
#include "sched/feed.h"

namespace izar {

class FeedSender {
  public:
    FeedSender(RingEnd& end, NodeId self) : end_(end), self_(self) {}

    void set_static(const StaticData& data);
    void set_life(FeedLife life);
    void set_mesh(std::vector<FeedLink> links);
    void set_loads(std::vector<FeedNode> loads);
    void set_withdrawn(NodeId node, bool withdrawn);
    void link_changed(const FeedLink& link);

    // A new life of izar-edge knows nothing: everything is sent again, but for mesh and loads, which are to be set
    // anew.
    void resend();
    // Sends what there is room for; true if something is left.
    bool do_work();

  private:
    void queue_static();
    bool send(std::deque<ring::Message>& queue);

    RingEnd& end_;
    NodeId self_;
    StaticData static_;
    FeedLife life_ = FeedLife::silent;
    std::map<NodeId, bool> withdrawn_;
    std::vector<FeedLink> mesh_;
    std::vector<FeedNode> loads_;

    std::deque<ring::Message> static_queue_;
    bool static_begun_ = false;  // part of static_queue_ is in the ring: the rest follows before a newer one
    bool static_again_ = false;
    std::map<std::pair<NodeId, NodeId>, FeedLink> changed_links_;
    std::map<NodeId, bool> changed_nodes_;
    bool life_changed_ = false;
    std::size_t mesh_sent_ = 0;   // of mesh_
    std::size_t loads_sent_ = 0;  // of loads_
};

}  // namespace izar
