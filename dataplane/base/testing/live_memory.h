// live_memory.h -- How much this program holds, for tests of what has to be given back.
//
// Thread: any. Counts what comes by operator new, in programs that link live_memory.cc.
#pragma once

#include <cstddef>

namespace izar {

std::size_t live_bytes() noexcept;

}  // namespace izar
