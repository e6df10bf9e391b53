// ring_port.h -- RingPort: a DPDK port made of two rings a queue, and the far end of its wire.
//
// Thread: made by main. The port's own end belongs to the lcores under test, the far end to the generator.
#pragma once

#include <rte_ring.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/base/result.h"
#include "perf/forward/scenario.h"
#include "perf/forward/wire.h"

namespace izar {

class RingPort final : public Wire {
  public:
    // A port of driver net_ring named "net_ring_NAME", as open_ports() finds it by the device "net_ring", of a queue
    // for each lcore of the scenario a direction. EAL is up.
    static Result<std::unique_ptr<RingPort>> make(const std::string& name, const Scenario& scenario);
    ~RingPort() override;
    RingPort(const RingPort&) = delete;

    unsigned room() noexcept override;
    void send(std::span<rte_mbuf*> frames) noexcept override;
    unsigned receive(std::span<rte_mbuf*> frames) noexcept override;
    // Frames that the node has sent and nobody has received.
    unsigned waiting() const noexcept;

  private:
    RingPort(std::string device, unsigned receive_frames)
        : device_(std::move(device)), receive_frames_(receive_frames) {}
    std::string device_;  // as DPDK names it
    unsigned receive_frames_;
    // One of each a queue; the generator writes the first and reads the second.
    std::vector<rte_ring*> to_node_;
    std::vector<rte_ring*> from_node_;
};

}  // namespace izar
