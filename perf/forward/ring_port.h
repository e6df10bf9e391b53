// ring_port.h -- RingPort: a DPDK port made of two rings, and the far end of its wire.
//
// Thread: made by main. The port's own end belongs to the lcore under test, the far end to the generator.
#pragma once

#include <rte_ring.h>

#include <memory>
#include <string>
#include <utility>

#include "dataplane/base/result.h"

namespace izar {

// Frames that a ring holds. The sending ring is the larger one: what the generator has in flight always fits it,
// so that no frame is lost for want of room on the generator's side.
inline constexpr unsigned kReceiveRing = 512;
inline constexpr unsigned kSendRing = 4'096;

class RingPort {
  public:
    // A port of driver net_ring named "net_ring_NAME", as open_ports() finds it by the device "net_ring". EAL is up.
    static Result<std::unique_ptr<RingPort>> make(const std::string& name);
    ~RingPort();
    RingPort(const RingPort&) = delete;

    rte_ring* to_node() const noexcept { return to_node_; }      // the generator writes
    rte_ring* from_node() const noexcept { return from_node_; }  // the generator reads

  private:
    explicit RingPort(std::string device) : device_(std::move(device)) {}
    std::string device_;  // as DPDK names it
    rte_ring* to_node_ = nullptr;
    rte_ring* from_node_ = nullptr;
};

}  // namespace izar
