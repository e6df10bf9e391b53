// bit_rate.h -- BitRate: bits a second, of IP packets on the underlay.
//
// Thread: values.
#pragma once

#include <cstdint>

#include "dataplane/base/types.h"

namespace izar {

enum class BitRate : std::uint64_t {};
inline constexpr BitRate kNoRate{0};

}  // namespace izar
