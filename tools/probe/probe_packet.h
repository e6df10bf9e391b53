// probe_packet.h -- The datagram of izar-udp-probe, and nobody else's: both ends are the same program.
//
// | offset | bytes | field                                                                                  |
// | ---    | ---   | ---                                                                                    |
// | 0      | 8     | run: a random number, not 0, so that replies to another run are not counted            |
// | 8      | 8     | sequence, from 0                                                                       |
// | 16     | 8     | sent_ns: CLOCK_MONOTONIC of the sender when it really sent                             |
// | 24     | 8     | arrived_ns: CLOCK_MONOTONIC of the echo server at arrival; 0 on the way out            |
// | 32     | 8     | newest: the highest sequence that the echo server has seen; 0 on the way out           |
// | 40     | 128   | history: bit b of word w tells whether probe newest - 64w - b arrived; 0 on the way out |
//
// All big-endian; the rest of the datagram is padding up to the asked size.
#pragma once

#include <bit>

#include "dataplane/base/byte_order.h"

namespace izar::probe {

inline constexpr std::size_t kHistoryWords = 16;
inline constexpr std::size_t kHistoryProbes = kHistoryWords * 64;

struct ProbePacket {
    Be64 run;
    Be64 sequence;
    Be64 sent_ns;
    Be64 arrived_ns;
    Be64 newest;
    Be64 history[kHistoryWords];
};
static_assert(sizeof(ProbePacket) == 168 && alignof(ProbePacket) == 1);

inline constexpr std::size_t kMaxProbeBytes = 2048;

// Calls use(sequence) for every probe that the history says arrived.
template <typename Use>
void for_each_arrived(const ProbePacket& packet, const Use& use) {
    for (std::size_t word = 0; word < kHistoryWords; ++word) {
        for (std::uint64_t bits = packet.history[word].value(); bits != 0; bits &= bits - 1) {
            const std::uint64_t age = word * 64 + static_cast<std::uint64_t>(std::countr_zero(bits));
            if (age <= packet.newest.value()) {
                use(packet.newest.value() - age);
            }
        }
    }
}

}  // namespace izar::probe
