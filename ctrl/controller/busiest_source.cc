#include "ctrl/controller/busiest_source.h"

#include <algorithm>

#include "dataplane/base/check.h"

namespace izar {

std::uint64_t source_of(const IpAddress& address) {
    constexpr std::size_t kWhole = 4;  // bytes of an IPv4 address
    constexpr std::size_t kNetwork = 8;
    const auto& bytes = address.bytes();
    const std::size_t length = address.family() == Family::ipv4 ? kWhole : kNetwork;
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < length; ++i) {
        out = out << 8 | bytes[i];
    }
    return out;
}

std::uint64_t busiest_source(std::vector<std::uint64_t> sources) {
    CHECK(!sources.empty());
    std::ranges::sort(sources);
    std::uint64_t out = 0;
    std::ptrdiff_t most = 0;
    for (auto at = sources.begin(); at != sources.end();) {
        const auto end = std::upper_bound(at, sources.end(), *at);
        if (end - at > most) {
            most = end - at;
            out = *at;
        }
        at = end;
    }
    return out;
}

}  // namespace izar
