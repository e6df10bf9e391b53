// rival_channels.h -- The ways of telling that izar is compared with.
//
// Thread: as SummaryChannel.
#pragma once

#include <memory>
#include <string_view>

#include "tools/replay/summary_channel.h"

namespace izar {

// Null if the kind is none of: raw, zstd, medians, spanner, arcturus.
std::unique_ptr<SummaryChannel> make_rival_channel(std::string_view kind, float eps, Clock clock);

}  // namespace izar
