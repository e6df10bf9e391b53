// probe_packet.h -- The datagram of izar-udp-probe, and nobody else's: both ends are the same program.
//
// | offset | bytes | field                                                                       |
// | ---    | ---   | ---                                                                         |
// | 0      | 8     | run: a random number, so that replies to another run are not counted        |
// | 8      | 8     | sequence, from 0                                                            |
// | 16     | 8     | sent_ns: CLOCK_MONOTONIC of the sender when it really sent                  |
// | 24     | 8     | arrived_ns: CLOCK_MONOTONIC of the echo server at arrival, 0 on the way out |
//
// All big-endian; the rest of the datagram is padding up to the asked size.
#pragma once

#include "dataplane/base/byte_order.h"

namespace izar::probe {

struct ProbePacket {
    Be64 run;
    Be64 sequence;
    Be64 sent_ns;
    Be64 arrived_ns;
};
static_assert(sizeof(ProbePacket) == 32 && alignof(ProbePacket) == 1);

inline constexpr std::size_t kMaxProbeBytes = 2048;

}  // namespace izar::probe
