// stamp.h -- STAMP test packets in unauthenticated mode (RFC 8762 sections 4.2.1 and 4.3.1), and those of TWAMP-light.
//
//   probe      bytes  field                    reply      bytes  field
//        0         4  sequence                      0         4  sequence
//        4         8  time                          4         8  time: when the reply left
//       12         2  error estimate               12         2  error estimate
//       14         2  session (RFC 8972)           14         2  session
//       16        28  zero                         16         8  received: when the probe came
//                                                  24         4  sequence of the probe
//                                                  28         8  time of the probe
//                                                  36         2  error estimate of the probe
//                                                  38         2  zero
//                                                  40         1  TTL or hop limit with which the probe came
//                                                  41         3  zero; not in TWAMP-light (RFC 5357 section 4.2.1)
//
// Both are 44 bytes; longer ones carry padding or TLVs, which a reflector sends back as they are. Times are NTP's
// 64 bits (seconds since 1900, and 2^-32 of them) or PTP's truncated 64 (seconds, nanoseconds); bit Z of the error
// estimate tells which (RFC 8186).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/base/byte_order.h"
#include "dataplane/base/types.h"

namespace izar {

inline constexpr std::uint16_t kStampPort = 862;  // RFC 8762 section 4.1

// Wall-clock time since 1970; only differences of one host's stamps mean anything here.
using StampInstant = std::chrono::time_point<std::chrono::system_clock, Nanos>;

struct StampProbe {
    Be32 sequence;
    Be64 time;
    Be16 error;
    Be16 session;
    std::uint8_t zero[28];
};
static_assert(sizeof(StampProbe) == 44 && alignof(StampProbe) == 1);

struct StampReply {
    Be32 sequence;
    Be64 time;
    Be16 error;
    Be16 session;
    Be64 received;
    Be32 probe_sequence;
    Be64 probe_time;
    Be16 probe_error;
    Be16 zero_a;
    std::uint8_t probe_ttl;
    std::uint8_t zero_b[3];
};
static_assert(sizeof(StampReply) == sizeof(StampProbe) && alignof(StampReply) == 1);
static_assert(offsetof(StampReply, received) == 16 && offsetof(StampReply, probe_ttl) == 40);

// What a reflector needs at least, for the probe as for its reply: without the zeros of STAMP.
inline constexpr std::size_t kLeastStampBytes = offsetof(StampReply, zero_b);
static_assert(kLeastStampBytes == 41);

// Our own error estimate: no synchronization told (S = 0), NTP format (Z = 0), 2^-32 s x 2^12 x 1: about a microsecond.
inline constexpr std::uint16_t kStampError = 12 << 8 | 1;
inline constexpr std::uint16_t kStampErrorPtp = 0x4000;  // bit Z

std::uint64_t ntp_of(StampInstant time) noexcept;
// `later` - `earlier`, two stamps of one host, in the format that its error estimate names.
Nanos stamp_interval(std::uint64_t earlier, std::uint64_t later, std::uint16_t error) noexcept;

// What a reply says of its probe.
struct StampAnswer {
    std::uint32_t sequence = 0;
    std::uint16_t session = 0;  // TWAMP-light has zeros there
    Nanos held{};               // by the reflector
};
// Nothing if it is too short to be a reply, or left before its probe came.
std::optional<StampAnswer> read_stamp_reply(std::span<const std::uint8_t> packet) noexcept;

// Turns a probe into its reply, in place and of the same length: never more bytes than came. False, and nothing
// changed, if it is shorter than kLeastStampBytes. Keeps no state: the reply's sequence is the probe's (RFC 8762
// section 4.3, stateless mode).
bool reflect_stamp(std::span<std::uint8_t> packet, std::uint8_t ttl, StampInstant received, StampInstant sent) noexcept;

}  // namespace izar
