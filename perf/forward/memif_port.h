// memif_port.h -- MemifPort: the far end of a node's port over shared memory packet interface (driver net_memif).
//
// Thread: made by main; then the generator's.
//
// The node's port is the client and this one the server, both in one process, as they would be in two: frames are
// copied into shared memory and out of it, so no note in a mbuf comes through. A burst for which the node has no room
// waits here and fills what would be room for the next.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/base/limits.h"
#include "dataplane/base/result.h"
#include "dataplane/lcore/tsc_clock.h"
#include "perf/forward/wire.h"

namespace izar {

class MemifPort final : public Wire {
  public:
    // Started, with receive buffers of `pool`; `number` tells the wires of one process apart. EAL is up.
    static Result<std::unique_ptr<MemifPort>> make(const std::string& name, unsigned number, rte_mempool* pool);
    ~MemifPort() override;
    MemifPort(const MemifPort&) = delete;

    // What the node has to open to be at the other end of wire `number`.
    static std::string node_device(unsigned number);
    // Until the node's port, open by now, has answered; the error says that it did not.
    Result<void> wait_until_up(const TscClock& clock) const;

    unsigned room() noexcept override;
    void send(std::span<rte_mbuf*> frames) noexcept override;
    unsigned receive(std::span<rte_mbuf*> frames) noexcept override;

  private:
    explicit MemifPort(std::string device) : device_(std::move(device)) {}
    void send_waiting() noexcept;

    std::string device_;  // as DPDK names it
    std::uint16_t dpdk_id_ = 0;
    std::array<rte_mbuf*, kMaxBurst> waiting_{};
    unsigned waits_ = 0;
};

}  // namespace izar
