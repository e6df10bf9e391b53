#include "dataplane/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace izar {

void check_failed(const char* file, int line, const char* condition) noexcept {
    std::fprintf(stderr, "izar: bug at %s:%d: %s does not hold\n", file, line, condition);
    std::abort();
}

}  // namespace izar
