// path_probe_fuzz.cc -- Any control message: one that is a path probe has a way back that can be walked.
#include <cstdint>
#include <span>

#include "dataplane/base/check.h"
#include "dataplane/wire/path_probe.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace izar;
    if (!is_path_probe({data, size})) {
        return 0;
    }
    CHECK(size >= sizeof(PathProbe));
    const auto& probe = *reinterpret_cast<const PathProbe*>(data);
    const std::size_t length = back_length(probe);
    CHECK(length >= 1 && length <= kMaxSegments && probe.number.value() != 0);
    for (std::size_t i = 0; i < kMaxSegments; ++i) {
        CHECK((probe.back[i].value() != 0) == (i < length));
    }
    return 0;
}
