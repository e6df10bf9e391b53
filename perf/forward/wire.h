// wire.h -- Wire: the generator's end of what leads to a port of the node.
//
// Thread: the generator's.
#pragma once

#include <rte_mbuf.h>

#include <span>

namespace izar {

class Wire {
  public:
    virtual ~Wire() = default;

    // Frames that the next send() takes for certain.
    virtual unsigned room() noexcept = 0;
    // At most room() frames. A port of several queues gets each in queue hash.rss % queues, as if a NIC had chosen.
    virtual void send(std::span<rte_mbuf*> frames) noexcept = 0;
    // What the node has sent. Returns how many frames; 0: there are no more for now.
    virtual unsigned receive(std::span<rte_mbuf*> frames) noexcept = 0;
};

}  // namespace izar
