// copies.h -- Copies: which packet of a service with `duplicate: true` reaches its egress next, and with which number.
//
// Thread: the generator's.
//
// First and second copies take different paths, so a second one comes some time after the first: here, kMaxBurst
// packets come for the first time, then the same ones again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/base/limits.h"

namespace izar {

class Copies {
  public:
    struct Packet {
        std::uint32_t flow;
        std::uint64_t number;  // the same for both copies
    };

    // `flow` is that of a packet that comes for the first time; a second copy is of its first one's flow.
    Packet next(std::uint32_t flow) noexcept {
        if (at_ == 2 * kMaxBurst) {
            at_ = 0;
        }
        Packet& packet = packets_[at_ % kMaxBurst];
        if (at_ < kMaxBurst) {
            packet = next_alone(flow);
        }
        ++at_;
        return packet;
    }
    // A packet of which only one copy arrives.
    Packet next_alone(std::uint32_t flow) noexcept { return {flow, ++newest_}; }

  private:
    std::array<Packet, kMaxBurst> packets_{};
    std::size_t at_ = 0;  // of 2 * kMaxBurst
    std::uint64_t newest_ = 0;
};

}  // namespace izar
