// wan_switch.h -- The emulated WAN: a learning Ethernet switch whose every pair of ports is a link of its own.
//
// A frame goes to the port where its destination address was last seen as a source, and to all others when that
// is unknown or a group address; each copy meets the fate of its own link. Frames wait in one heap ordered by
// delivery time (and by arrival where that is equal). At most `limit` frames are held; more are dropped, counted.
//
// Thread: owned by the emulator's one thread. Time is a parameter; no I/O.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "tools/wan_emulator/emulated_link.h"
#include "tools/wan_emulator/packet_pool.h"

namespace izar::wan {

inline constexpr std::size_t kMaxLearnedAddresses = 4096;

class WanSwitch {
  public:
    // The pool must have more than `limit` slots: the rest is for frames not yet accepted.
    WanSwitch(std::uint64_t seed, std::size_t ports, PacketPool& pool, std::size_t limit);

    std::size_t ports() const noexcept { return ports_; }
    EmulatedLink& link(WanPort source, WanPort destination);

    // Takes over the frame in `slot`, which arrived on `source` at `arrival`.
    void accept(WanPort source, Instant arrival, PacketSlot slot);

    Instant next_delivery() const noexcept;  // Instant::max() when nothing waits

    struct Delivery {
        WanPort destination;
        PacketSlot slot;  // now the caller's: give it back to the pool after sending
    };
    // Takes the earliest frame if it is due at `now`.
    bool take_due(Instant now, Delivery& delivery);

  private:
    struct Waiting {
        Instant at;
        std::uint64_t order;
        PacketSlot slot;
        WanPort source;
        WanPort destination;
    };
    static bool is_later(const Waiting& a, const Waiting& b) noexcept;

    void forward(WanPort source, WanPort destination, Instant arrival, PacketSlot slot);
    void learn(std::uint64_t address, WanPort port);

    std::size_t ports_;
    PacketPool& pool_;
    std::size_t limit_;
    std::vector<EmulatedLink> links_;  // [source * ports + destination]
    std::unordered_map<std::uint64_t, WanPort> addresses_;
    std::vector<Waiting> heap_;
    std::uint64_t order_ = 0;
};

}  // namespace izar::wan
