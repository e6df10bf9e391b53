// Compiled with -march=x86-64-v4; called only where the CPU has it (path_kernels.cc).
#include <cstddef>

namespace izar {
namespace {
constexpr std::size_t kLanes = 16;
}
}  // namespace izar

#include "sched/path_kernels_impl.h"

namespace izar {

extern const PathKernels kAvx512PathKernels;
const PathKernels kAvx512PathKernels{make_kernels("avx512")};

}  // namespace izar
