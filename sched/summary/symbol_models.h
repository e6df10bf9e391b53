// symbol_models.h -- Symbols over the binary coder: small alphabets, counts of any size, quantized values.
//
// Every model has one `code` for both directions: with an encoder it writes the value it is given, with a
// decoder it ignores its argument and returns what it reads. So writer and reader of a format are one
// function, and cannot drift apart.
//
// Thread: values of one function call.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "sched/summary/quantizer.h"
#include "sched/summary/range_coder.h"

namespace izar {

inline bool code_bit(RangeEncoder& coder, BitModel& model, bool bit) {
    coder.code(bit, model);
    return bit;
}
inline bool code_bit(RangeDecoder& coder, BitModel& model, bool) {
    return coder.decode(model);
}
inline std::uint32_t code_even(RangeEncoder& coder, std::uint32_t value, int bits) {
    coder.code_even(value, bits);
    return value;
}
inline std::uint32_t code_even(RangeDecoder& coder, std::uint32_t, int bits) {
    return coder.decode_even(bits);
}

// A symbol of `Bits` bits, most significant first, each in the context of those before it.
template <int Bits>
class TreeModel {
  public:
    template <typename Coder>
    std::uint32_t code(Coder& coder, std::uint32_t symbol) {
        std::uint32_t node = 1;
        for (int bit = Bits - 1; bit >= 0; --bit)
            node = node << 1 | static_cast<std::uint32_t>(code_bit(coder, models_[node], (symbol >> bit) & 1));
        return node - (1U << Bits);
    }

  private:
    std::array<BitModel, std::size_t{1} << Bits> models_;
};

// A number below 2^31, small ones cheaper: the length of its binary form, then the bits below the first, of
// which the two highest are modelled.
class CountModel {
  public:
    template <typename Coder>
    std::uint32_t code(Coder& coder, std::uint32_t count) {
        const std::uint32_t plus = count + 1;
        const auto length = static_cast<int>(length_.code(coder, static_cast<std::uint32_t>(std::bit_width(plus) - 1)));
        std::uint32_t value = 1;
        const int modelled = std::min(length, 2);
        for (int bit = 0; bit < modelled; ++bit) {
            BitModel& model = high_[static_cast<std::size_t>(length)][value & 3];
            value = value << 1 | static_cast<std::uint32_t>(code_bit(coder, model, (plus >> (length - 1 - bit)) & 1));
        }
        const int even = length - modelled;
        if (even > 0)
            value = value << even | code_even(coder, plus & ((1U << even) - 1), even);
        return value - 1;
    }

  private:
    TreeModel<5> length_;
    std::array<std::array<BitModel, 4>, 32> high_;
};

// A quantizer's code: its octave in the context of an expected octave, then the fraction, of which the three
// highest bits are modelled.
class CodeModel {
  public:
    static constexpr std::uint32_t kOctaves = 64;  // 0: unknown or zero; the others count from Quantizer::kLeast

    static std::uint32_t octave(Code code, int fraction_bits) noexcept {
        return code < 2 ? 0 : 1 + ((code - 2U) >> fraction_bits);
    }

    template <typename Coder>
    Code code(Coder& coder, Code value, int fraction_bits, std::uint32_t expected_octave) {
        const auto got = octaves_[expected_octave % kOctaves].code(coder, octave(value, fraction_bits));
        if (got == 0)
            return static_cast<Code>(code_bit(coder, zero_, value == kZeroCode));
        const std::uint32_t fraction = (value - 2U) & ((1U << fraction_bits) - 1);
        const int modelled = std::min(fraction_bits, 3);
        const int even = fraction_bits - modelled;
        std::uint32_t node = 1;
        for (int bit = fraction_bits - 1; bit >= even; --bit)
            node = node << 1 | static_cast<std::uint32_t>(code_bit(coder, fraction_[node], (fraction >> bit) & 1));
        node -= 1U << modelled;
        if (even > 0)
            node = node << even | code_even(coder, fraction & ((1U << even) - 1), even);
        const std::uint32_t whole = 2 + ((got - 1) << fraction_bits) + node;
        return static_cast<Code>(std::min(whole, std::uint32_t{0xFFFF}));
    }

  private:
    std::array<TreeModel<6>, kOctaves> octaves_;
    std::array<BitModel, 8> fraction_;
    BitModel zero_;
};

}  // namespace izar
