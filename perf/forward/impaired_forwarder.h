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

class ImpairedForwarder final : public Forwarder {
  public:
    ImpairedForwarder(std::uint16_t from, std::uint16_t to, const Impairment& impairment, const TscClock& clock)
        : Forwarder(clock), from_(from), to_(to), impairment_(impairment) {}
    void run() noexcept override;
    Progress progress() const noexcept override;

  private:
    unsigned round() noexcept;

    std::uint16_t from_;
    std::uint16_t to_;
    Impairment impairment_;
    std::uint32_t until_drop_ = 0;
    std::atomic<std::uint64_t> received_{0};
    std::atomic<std::uint64_t> lost_{0};
};

}  // namespace izar
