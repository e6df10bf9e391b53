// keep_alive_fuzz.cc -- Any control message: what parses can be written again, byte for byte.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/wire/control.h"

namespace {

// The message without padding behind it and with reserved bits as a sender of this version writes them.
std::vector<std::uint8_t> canonical(const std::uint8_t* data, std::size_t length) {
    std::vector<std::uint8_t> message(data, data + length);
    message[offsetof(izar::KeepAlive, flags)] &= izar::kKeepAliveDeaf;
    return message;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace izar;
    KeepAliveView view;
    if (!parse_keep_alive({data, size}, view)) {
        return 0;
    }
    CHECK(view.row.size() <= kMaxRowItems && view.multiplier > 0 && view.interval > Nanos{0});
    const std::size_t length = keep_alive_length(view.row.size());
    CHECK(length <= size);
    std::vector<std::uint8_t> written(length);
    CHECK(write_keep_alive(written, view) == length);
    CHECK(written == canonical(data, length));
    return 0;
}
