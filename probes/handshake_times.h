// handshake_times.h -- HandshakeTimes: when one half of a TCP handshake passed, until the other half comes.
//
// Thread: all lcores; each word is relaxed and true by itself. Fixed memory: a flood of SYNs overwrites what others
//         waited for, which costs samples and nothing else.
//
// A half that passes twice was sent again: which of the two the answer is to cannot be told, so it gives no sample
// (Karn's algorithm, RFC 6298 section 3).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "dataplane/base/types.h"

namespace izar {

class HandshakeTimes {
  public:
    static constexpr std::size_t kWords = 16'384;
    static constexpr Nanos kLongest = std::chrono::seconds{10};  // what takes longer is another handshake

    HandshakeTimes() : words_(std::make_unique<std::atomic<std::uint64_t>[]>(kWords)) {}

    // `hash` stands for one leg of one connection.
    void begin(std::uint64_t hash, Instant now) noexcept {
        std::atomic<std::uint64_t>& word = word_of(hash);
        const std::uint64_t before = word.load(std::memory_order_relaxed);
        const bool again = before != 0 && before >> 32 == hash >> 32 && age(before, now) < kLongest;
        word.store((hash >> 32 << 32) | (again ? kAmbiguous : clock(now)), std::memory_order_relaxed);
    }
    // Time since begin(), if there was exactly one lately.
    std::optional<Nanos> end(std::uint64_t hash, Instant now) noexcept {
        std::atomic<std::uint64_t>& word = word_of(hash);
        const std::uint64_t before = word.load(std::memory_order_relaxed);
        if (before == 0 || before >> 32 != hash >> 32) {
            return std::nullopt;
        }
        word.store(0, std::memory_order_relaxed);
        const Nanos waited = age(before, now);
        if (static_cast<std::uint32_t>(before) == kAmbiguous || waited >= kLongest) {
            return std::nullopt;
        }
        return waited;
    }

  private:
    static constexpr std::uint32_t kAmbiguous = 0;
    // Microseconds in 32 bits, which last for 71 minutes; never kAmbiguous.
    static std::uint32_t clock(Instant now) noexcept {
        const auto us = static_cast<std::uint32_t>(now.time_since_epoch() / std::chrono::microseconds{1});
        return us == kAmbiguous ? 1 : us;
    }
    static Nanos age(std::uint64_t word, Instant now) noexcept {
        const auto at = static_cast<std::uint32_t>(word);
        return at == kAmbiguous ? Nanos{0} : Nanos{std::chrono::microseconds{clock(now) - at}};
    }
    std::atomic<std::uint64_t>& word_of(std::uint64_t hash) noexcept { return words_[hash % kWords]; }

    std::unique_ptr<std::atomic<std::uint64_t>[]> words_;
};

}  // namespace izar
