// secret_bytes.h -- SecretBytes<N>: key material that is wiped when it goes out of scope.
//
// Thread: values only. There is no way to print one, and comparing takes the same time whatever differs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace izar {

using ByteView = std::span<const std::uint8_t>;

// Overwrites memory in a way that no compiler removes (OPENSSL_cleanse).
void cleanse(void* at, std::size_t bytes) noexcept;
// Whether two areas of the same size are equal, in time that depends on the size only (CRYPTO_memcmp).
bool equal_in_constant_time(ByteView a, ByteView b) noexcept;

template <std::size_t N>
class SecretBytes {
  public:
    SecretBytes() = default;
    explicit SecretBytes(std::span<const std::uint8_t, N> from) noexcept {
        for (std::size_t i = 0; i < N; ++i) {
            bytes_[i] = from[i];
        }
    }
    SecretBytes(const SecretBytes&) = default;
    SecretBytes& operator=(const SecretBytes&) = default;
    ~SecretBytes() { cleanse(bytes_.data(), N); }

    std::span<std::uint8_t, N> writable() noexcept { return bytes_; }
    std::span<const std::uint8_t, N> view() const noexcept { return bytes_; }

    friend bool operator==(const SecretBytes& a, const SecretBytes& b) noexcept {
        return equal_in_constant_time(a.bytes_, b.bytes_);
    }

  private:
    std::array<std::uint8_t, N> bytes_{};
};

using Secret = SecretBytes<32>;

}  // namespace izar
