#include "dataplane/base/ip_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "dataplane/base/check.h"

namespace izar {

Ipv4Address IpAddress::v4() const noexcept {
    CHECK(family_ == Family::ipv4);
    Ipv4Address out;
    std::memcpy(&out, bytes_.data(), sizeof out);
    return out;
}

Ipv6Address IpAddress::v6() const noexcept {
    CHECK(family_ == Family::ipv6);
    Ipv6Address out;
    std::memcpy(&out, bytes_.data(), sizeof out);
    return out;
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
    const std::string terminated(text);
    // inet_pton stops at a zero byte: what stands behind one must not be accepted unread.
    const bool cut = terminated.find('\0') != std::string::npos;
    IpAddress out;
    if (!cut && inet_pton(AF_INET, terminated.c_str(), out.bytes_.data()) == 1) {
        out.family_ = Family::ipv4;
        return out;
    }
    if (!cut && inet_pton(AF_INET6, terminated.c_str(), out.bytes_.data()) == 1) {
        out.family_ = Family::ipv6;
        return out;
    }
    return fail(fmt::format("'{}' is not an IP address; write it like 192.0.2.1 or 2001:db8::1", text));
}

std::string IpAddress::text() const {
    char buffer[INET6_ADDRSTRLEN] = "";
    inet_ntop(family_ == Family::ipv4 ? AF_INET : AF_INET6, bytes_.data(), buffer, sizeof buffer);
    return buffer;
}

Result<InterfaceAddress> InterfaceAddress::parse(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) {
        return fail(fmt::format("'{}' has no prefix length; write it like 10.0.0.1/24", text));
    }
    auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) {
        return tl::unexpected(address.error());
    }
    const std::string_view length = text.substr(slash + 1);
    unsigned bits = 0;
    const auto [end, code] = std::from_chars(length.data(), length.data() + length.size(), bits);
    const unsigned most = address->family() == Family::ipv4 ? 32 : 128;
    if (code != std::errc{} || end != length.data() + length.size() || bits > most) {
        return fail(fmt::format("'{}' is not a prefix length of 0 to {}", length, most));
    }
    return InterfaceAddress{*address, static_cast<std::uint8_t>(bits)};
}

bool InterfaceAddress::contains(const IpAddress& other) const noexcept {
    if (other.family() != address.family()) {
        return false;
    }
    const auto& a = address.bytes();
    const auto& b = other.bytes();
    const std::size_t whole = prefix_bits / 8;
    if (std::memcmp(a.data(), b.data(), whole) != 0) {
        return false;
    }
    const unsigned rest = prefix_bits % 8;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

std::string InterfaceAddress::text() const {
    return fmt::format("{}/{}", address.text(), prefix_bits);
}

Result<MacAddress> MacAddress::parse(std::string_view text) {
    constexpr std::size_t kFieldWidth = 3;  // two digits and a colon, which the last field lacks
    MacAddress out{};
    bool valid = text.size() == sizeof out.bytes * kFieldWidth - 1;
    for (std::size_t i = 0; valid && i < sizeof out.bytes; ++i) {
        const char* digits = text.data() + i * kFieldWidth;
        const auto [end, code] = std::from_chars(digits, digits + 2, out.bytes[i], 16);
        const bool last = i + 1 == sizeof out.bytes;
        valid = code == std::errc{} && end == digits + 2 && (last || *end == ':');
    }
    if (!valid) {
        return fail(fmt::format("'{}' is not a MAC address; write it like 02:00:00:00:00:01", text));
    }
    return out;
}

std::string MacAddress::text() const {
    return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", bytes[0], bytes[1], bytes[2], bytes[3], bytes[4],
                       bytes[5]);
}

}  // namespace izar
