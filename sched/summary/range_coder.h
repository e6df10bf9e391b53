// range_coder.h -- Adaptive binary range coder: bits cost what they surprise.
//
// The carry-propagating coder known from LZMA, with 16-bit probabilities that adapt fast at first and slower
// later. Models are plain values that encoder and decoder build in the same order; nothing else is shared.
//
// Thread: values of one function call.
// Costs:  about 8 ns a bit either way; the decoder reads zeros past the end and says so (overrun()), so that no
//         input makes it read out of bounds, and callers stop.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace izar {

// The probability that one kind of bit is 0, in 1/65536.
class BitModel {
  public:
    std::uint32_t zero() const noexcept { return zero_; }
    void learn(bool bit) noexcept {
        // Rates 1/2, 1/3, ... 1/32: an average at first, then a memory of about 32 bits.
        if (bit)
            zero_ = static_cast<std::uint16_t>(zero_ - (zero_ - kFloor) / rate_);
        else
            zero_ = static_cast<std::uint16_t>(zero_ + (65536 - kFloor - zero_) / rate_);
        if (rate_ < kSlowest)
            ++rate_;
    }

  private:
    static constexpr std::uint32_t kFloor = 64;  // no bit is ever certain
    static constexpr std::uint16_t kSlowest = 32;
    std::uint16_t zero_ = 32768;
    std::uint16_t rate_ = 2;
};

inline constexpr std::size_t kReadAhead = 4;  // bytes that the decoder holds before it needs them

class RangeEncoder {
  public:
    // Appends to `out`.
    explicit RangeEncoder(std::vector<std::uint8_t>& out) : out_(out) {}

    void code(bool bit, BitModel& model) {
        const std::uint32_t split = static_cast<std::uint32_t>((std::uint64_t{range_} * model.zero()) >> 16);
        if (bit) {
            low_ += split;
            range_ -= split;
        } else {
            range_ = split;
        }
        model.learn(bit);
        normalize();
    }
    void code_even(std::uint32_t value, int bits) {  // bits of which nothing is known
        for (int bit = bits - 1; bit >= 0; --bit) {
            range_ >>= 1;
            if ((value >> bit) & 1)
                low_ += range_;
            normalize();
        }
    }
    // Writes what is still inside, less up to kReadAhead zeros, which a decoder reads past the end anyway.
    // Call once.
    void finish() {
        for (int byte = 0; byte < 5; ++byte)
            shift_low();
        for (std::size_t left_out = 0; left_out < kReadAhead && out_.size() > begin_ && out_.back() == 0; ++left_out)
            out_.pop_back();
    }

  private:
    void normalize() {
        while (range_ < (1U << 24)) {
            range_ <<= 8;
            shift_low();
        }
    }
    void shift_low() {
        if (low_ < 0xFF000000U || low_ > 0xFFFFFFFFU) {
            const auto carry = static_cast<std::uint8_t>(low_ >> 32);
            if (started_)
                out_.push_back(static_cast<std::uint8_t>(held_ + carry));
            for (; pending_ > 0; --pending_)
                out_.push_back(static_cast<std::uint8_t>(0xFF + carry));
            started_ = true;
            held_ = static_cast<std::uint8_t>(low_ >> 24);
        } else {
            ++pending_;
        }
        low_ = (low_ & 0x00FFFFFFU) << 8;
    }

    std::vector<std::uint8_t>& out_;
    std::size_t begin_ = out_.size();
    std::uint64_t low_ = 0;
    std::uint32_t range_ = 0xFFFFFFFF;
    std::uint64_t pending_ = 0;  // bytes 0xFF that a carry may still turn into 0x00
    std::uint8_t held_ = 0;
    bool started_ = false;
};

class RangeDecoder {
  public:
    explicit RangeDecoder(std::span<const std::uint8_t> in) : in_(in) {
        for (std::size_t byte = 0; byte < kReadAhead; ++byte)
            code_ = code_ << 8 | next();
    }

    bool decode(BitModel& model) {
        const std::uint32_t split = static_cast<std::uint32_t>((std::uint64_t{range_} * model.zero()) >> 16);
        const bool bit = code_ >= split;
        if (bit) {
            code_ -= split;
            range_ -= split;
        } else {
            range_ = split;
        }
        model.learn(bit);
        normalize();
        return bit;
    }
    std::uint32_t decode_even(int bits) {
        std::uint32_t value = 0;
        for (int bit = 0; bit < bits; ++bit) {
            range_ >>= 1;
            const bool one = code_ >= range_;
            if (one)
                code_ -= range_;
            value = value << 1 | static_cast<std::uint32_t>(one);
            normalize();
        }
        return value;
    }

    // More was read than any encoder leaves out: the input is truncated or was never encoded.
    bool overrun() const noexcept { return past_end_ > kReadAhead; }
    // All of the input was read: nothing is hidden behind it.
    bool exhausted() const noexcept { return at_ == in_.size(); }

  private:
    void normalize() {
        while (range_ < (1U << 24)) {
            range_ <<= 8;
            code_ = code_ << 8 | next();
        }
    }
    std::uint32_t next() {
        if (at_ < in_.size())
            return in_[at_++];
        ++past_end_;
        return 0;
    }

    std::span<const std::uint8_t> in_;
    std::size_t at_ = 0;
    std::size_t past_end_ = 0;
    std::uint32_t range_ = 0xFFFFFFFF;
    std::uint32_t code_ = 0;
};

}  // namespace izar
