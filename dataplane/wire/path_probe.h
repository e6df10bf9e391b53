// path_probe.h -- PathProbe: the control message that goes along a path to its far end and back, as packets do.
//
//   offset  bytes  field
//        0      1  kind (ControlKind::path_probe)
//        1      1  version, kControlVersion
//        2      2  length of the message in bytes, 20
//        4      2  far_end: the last node of the path
//        6      2  number: which probe of its watch, never 0
//        8      4  t_sent: low 32 bits of the prober's clock when it left; comes back as it went
//       12      1  watch: which of the prober's paths to the far end
//       13      1  flags (PathProbeFlag)
//       14    3x2  back: the nodes of the way back in order, the prober last, 0 behind it
//
// Packet: O bit set, VNI 0, payload type kEtherTypeSealed, ingress = the prober; its remaining segments are the path's,
// and those of the answer the way back. Relays pass it on as they pass data, but do not repair its path: it is to show
// this one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/base/limits.h"
#include "dataplane/wire/control.h"

namespace izar {

struct PathProbe {
    ControlKind kind;
    std::uint8_t version;
    Be16 length;
    Be16 far_end;
    Be16 number;
    Be32 t_sent;
    std::uint8_t watch;
    std::uint8_t flags;
    std::array<Be16, kMaxSegments> back;
};
static_assert(sizeof(PathProbe) == 20 && alignof(PathProbe) == 1);
static_assert(offsetof(PathProbe, t_sent) == 8 && offsetof(PathProbe, back) == 14);

enum PathProbeFlag : std::uint8_t {
    kPathProbeAnswer = 0x01,  // on its way back
};

// A message with its fixed fields, everything else 0.
PathProbe make_path_probe() noexcept;

// Whether a message is a whole path probe: kind, version and length right, number not 0, and a way back without gap
// that is not empty, also in an answer. The caller may then read it as a PathProbe in place.
bool is_path_probe(std::span<const std::uint8_t> message) noexcept;

// The nodes of the way back, 1 to kMaxSegments. Requires is_path_probe.
std::size_t back_length(const PathProbe& probe) noexcept;

}  // namespace izar
