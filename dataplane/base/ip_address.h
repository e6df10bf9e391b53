// ip_address.h -- IPv4 and IPv6 addresses and prefixes as values, with text parsing for config and CLI.
//
// Thread: values only.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "dataplane/base/byte_order.h"
#include "dataplane/base/result.h"
#include "dataplane/base/types.h"

namespace izar {

// IPv4 address in network order, as it lies in a packet.
struct Ipv4Address {
    Be32 bits;
    friend bool operator==(const Ipv4Address&, const Ipv4Address&) = default;
};

// IPv6 address, as it lies in a packet.
struct Ipv6Address {
    std::uint8_t bytes[16];
    friend bool operator==(const Ipv6Address&, const Ipv6Address&) = default;
};
static_assert(sizeof(Ipv4Address) == 4 && alignof(Ipv4Address) == 1);
static_assert(sizeof(Ipv6Address) == 16 && alignof(Ipv6Address) == 1);

// Either of the two. An IPv4 address fills the first 4 bytes, the other 12 are zero.
class IpAddress {
  public:
    IpAddress() = default;  // 0.0.0.0
    IpAddress(Ipv4Address v4) noexcept { std::memcpy(bytes_.data(), &v4, sizeof v4); }
    IpAddress(const Ipv6Address& v6) noexcept : family_(Family::ipv6) { std::memcpy(bytes_.data(), &v6, sizeof v6); }

    // "192.0.2.1" or "2001:db8::1"; anything else is an error that repeats the text.
    static Result<IpAddress> parse(std::string_view text);

    Family family() const noexcept { return family_; }
    bool is_unspecified() const noexcept { return bytes_ == std::array<std::uint8_t, 16>{}; }
    Ipv4Address v4() const noexcept;  // requires family() == ipv4
    Ipv6Address v6() const noexcept;  // requires family() == ipv6
    const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
    std::string text() const;

    // Word by word: a call of memcmp would cost more than all else that is done with a packet's address.
    friend bool operator==(const IpAddress& a, const IpAddress& b) noexcept {
        return ((a.word(0) ^ b.word(0)) | (a.word(1) ^ b.word(1))) == 0 && a.family_ == b.family_;
    }

  private:
    std::uint64_t word(std::size_t i) const noexcept { return std::bit_cast<std::array<std::uint64_t, 2>>(bytes_)[i]; }

    std::array<std::uint8_t, 16> bytes_{};
    Family family_ = Family::ipv4;
};

// An address of a port with the length of its on-link prefix: "10.0.0.1/24".
struct InterfaceAddress {
    IpAddress address;
    std::uint8_t prefix_bits = 0;

    static Result<InterfaceAddress> parse(std::string_view text);
    bool contains(const IpAddress& other) const noexcept;  // same family and same prefix
    std::string text() const;
    friend bool operator==(const InterfaceAddress&, const InterfaceAddress&) = default;
};

struct MacAddress {
    std::uint8_t bytes[6];

    static Result<MacAddress> parse(std::string_view text);  // "02:00:00:00:00:01"
    std::string text() const;
    friend bool operator==(const MacAddress&, const MacAddress&) = default;
};
static_assert(sizeof(MacAddress) == 6);

}  // namespace izar
