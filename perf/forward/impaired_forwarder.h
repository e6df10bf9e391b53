// impaired_forwarder.h -- ImpairedForwarder: a forwarder whose loss and speed are known, to prove what measures them.
//
// Thread: as Forwarder says.
#pragma once

#include "perf/forward/forwarder.h"

namespace izar {

struct Impairment {
    std::uint32_t drop_every = 0;         // one packet in so many is lost, counted; 0: none
    std::uint32_t cycles_per_packet = 0;  // that it spins for each packet
};

class ImpairedForwarder final : public PassingForwarder {
  public:
    ImpairedForwarder(std::uint16_t from, std::uint16_t to, const Impairment& impairment, const TscClock& clock)
        : PassingForwarder(from, to, clock), impairment_(impairment) {}
    void run() noexcept override;

  private:
    unsigned round() noexcept;

    Impairment impairment_;
    std::uint32_t until_drop_ = 0;
};

}  // namespace izar
