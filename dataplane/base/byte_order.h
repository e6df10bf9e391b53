// byte_order.h -- Integers in network byte order, as types of their own.
//
// Thread: values only.
//
// A Be16 cannot be added to, compared with or assigned from a host integer by accident: construct it
// explicitly, read it by value(). All are trivially copyable with alignment 1, so they can lie
// anywhere in a packet and the structs made of them have no padding.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace izar {

static_assert(std::endian::native == std::endian::little, "izar runs on little-endian machines");

constexpr std::uint16_t swap_bytes(std::uint16_t v) noexcept {
    return __builtin_bswap16(v);
}
constexpr std::uint32_t swap_bytes(std::uint32_t v) noexcept {
    return __builtin_bswap32(v);
}
constexpr std::uint64_t swap_bytes(std::uint64_t v) noexcept {
    return __builtin_bswap64(v);
}

template <typename Host>
class BigEndian {
  public:
    BigEndian() = default;
    explicit BigEndian(Host v) noexcept { set_raw(swap_bytes(v)); }

    Host value() const noexcept { return swap_bytes(raw_bits()); }

    // The bytes as they stand in memory, read as one integer: for hashing and equality only.
    Host raw_bits() const noexcept {
        Host bits;
        std::memcpy(&bits, bytes_, sizeof bits);
        return bits;
    }
    static BigEndian from_raw(Host bits) noexcept {
        BigEndian b;
        b.set_raw(bits);
        return b;
    }

    friend bool operator==(BigEndian a, BigEndian b) noexcept { return a.raw_bits() == b.raw_bits(); }

  private:
    void set_raw(Host bits) noexcept { std::memcpy(bytes_, &bits, sizeof bits); }
    std::uint8_t bytes_[sizeof(Host)];
};

using Be16 = BigEndian<std::uint16_t>;
using Be32 = BigEndian<std::uint32_t>;
using Be64 = BigEndian<std::uint64_t>;
static_assert(sizeof(Be16) == 2 && alignof(Be16) == 1);
static_assert(sizeof(Be32) == 4 && alignof(Be32) == 1);
static_assert(sizeof(Be64) == 8 && alignof(Be64) == 1);

}  // namespace izar
