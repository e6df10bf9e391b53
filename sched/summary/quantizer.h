// quantizer.h -- Quantizer: one measured value as a 16-bit code, never below the value, within a known ratio.
//
// A code is the value's own floating-point form with a short fraction: exponent and the first `fraction_bits`
// bits of the mantissa, rounded UP. So value <= decode(encode(value)) <= value * (1 + 2^-fraction_bits), the
// step grows with the value, and no logarithm is computed. Rounding up makes a decoded link cost an upper
// bound, and with it every bound on a path follows without a further term.
//
// Thread: a value. Units: none, a column's own (RTT ms, loss 1/65535, CPU percent, bandwidth Mbit/s).
// Range:  0 is exact; anything in (0, kLeast] becomes kLeast, above kMost the value counts as unknown.
#pragma once

#include <bit>
#include <cstdint>

#include "dataplane/base/check.h"
#include "sched/matrix.h"

namespace izar {

using Code = std::uint16_t;
inline constexpr Code kUnknownCode = 0;  // decodes to kUnknownRtt
inline constexpr Code kZeroCode = 1;     // decodes to 0

inline constexpr int kLeastFractionBits = 2;
inline constexpr int kMostFractionBits = 11;

class Quantizer {
  public:
    static constexpr float kLeast = 0x1p-10F;
    static constexpr float kMost = 0x1p21F;

    explicit Quantizer(int fraction_bits) : fraction_bits_(fraction_bits) {
        CHECK(fraction_bits >= kLeastFractionBits && fraction_bits <= kMostFractionBits);
    }
    // The coarsest quantizer whose relative error is at most `eps`, or the finest there is.
    static Quantizer within(float eps) {
        int bits = kLeastFractionBits;
        while (bits < kMostFractionBits && 1.0F / static_cast<float>(1 << bits) > eps)
            ++bits;
        return Quantizer(bits);
    }

    int fraction_bits() const noexcept { return fraction_bits_; }
    float relative_error() const noexcept { return 1.0F / static_cast<float>(1 << fraction_bits_); }
    // Codes are 0..last_code().
    Code last_code() const noexcept {
        return static_cast<Code>(kFirstCode + (shifted(std::bit_cast<std::uint32_t>(kMost)) - least_shifted()));
    }

    Code encode(float value) const noexcept {
        if (!(value <= kMost))  // also not-a-number
            return kUnknownCode;
        if (value <= 0.0F)
            return kZeroCode;
        const auto bits = std::bit_cast<std::uint32_t>(value < kLeast ? kLeast : value);
        return static_cast<Code>(kFirstCode + (shifted(bits + (1U << shift()) - 1) - least_shifted()));
    }
    float decode(Code code) const noexcept {
        if (code < kFirstCode)
            return code == kZeroCode ? 0.0F : kUnknownRtt;
        return std::bit_cast<float>((code - kFirstCode + least_shifted()) << shift());
    }
    float round_up(float value) const noexcept { return decode(encode(value)); }

    friend bool operator==(const Quantizer&, const Quantizer&) = default;

  private:
    static constexpr std::uint32_t kFirstCode = 2;  // after unknown and zero

    int shift() const noexcept { return 23 - fraction_bits_; }
    std::uint32_t shifted(std::uint32_t bits) const noexcept { return bits >> shift(); }
    std::uint32_t least_shifted() const noexcept { return shifted(std::bit_cast<std::uint32_t>(kLeast)); }

    int fraction_bits_;
};

static_assert((21 + 10) * (1 << kMostFractionBits) + 2 <= 0xFFFF, "the finest codes fit 16 bits");

}  // namespace izar
