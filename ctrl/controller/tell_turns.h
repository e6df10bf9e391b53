// tell_turns.h -- TellTurns: goes through the agents that are to be told something newer, a few a turn of the loop.
//
// A large fleet takes long to be told: a node's whole static data with 1,000 link secrets takes 2.5 ms of a core.
// Between turns the loop serves what does not wait, and what readers do not take yet stays small.
//
// Thread: the event loop's.
#pragma once

#include <functional>
#include <set>

#include "ctrl/loop/event_loop.h"
#include "dataplane/base/types.h"

namespace izar {

class TellTurns {
  public:
    static constexpr Nanos kTurn = std::chrono::milliseconds{5};  // ends a turn, once one was told

    // `tell` finds out itself what the node does not have yet, if anything.
    TellTurns(EventLoop& loop, std::function<void(NodeId)> tell)
        : loop_(loop), tell_(std::move(tell)), next_turn_(loop) {}

    // Once, however often it is added before its turn; all others that wait are told before it is told again.
    void add(NodeId node);
    std::size_t waiting() const noexcept { return waiting_.size(); }

  private:
    void turn();

    EventLoop& loop_;
    std::function<void(NodeId)> tell_;
    std::set<NodeId> waiting_;
    NodeId last_ = kNoNode;  // that was told
    Timer next_turn_;
};

}  // namespace izar
