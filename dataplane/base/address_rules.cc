#include "dataplane/base/address_rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace izar {

bool is_host_address(const IpAddress& address) {
    if (address.is_unspecified()) {
        return false;
    }
    const auto& b = address.bytes();
    if (address.family() == Family::ipv4) {
        return b[0] != 0 && b[0] != 127 && b[0] < 224;  // RFC 1122 section 3.2.1.3, RFC 1112
    }
    const bool loopback = std::all_of(b.begin(), b.end() - 1, [](std::uint8_t v) { return v == 0; }) && b[15] == 1;
    return !loopback && b[0] != 0xFF;  // RFC 4291 sections 2.5.3 and 2.7
}

std::string no_host_address(const IpAddress& address) {
    return fmt::format("'{}' is not the address of one host; loopback, multicast and the like cannot be used here",
                       address.text());
}

std::string_view family_name(Family family) {
    return family == Family::ipv4 ? "IPv4" : "IPv6";
}

}  // namespace izar
