// replay_window.h -- ReplayWindow: whether a packet number of one sending lcore was accepted before.
//
// Thread: any number of receiving lcores at once; lock-free. Each word is a fact by itself, so relaxed order is
//         enough: what guards a packet's bytes is its tag, not this.
//
// A ring of words in the manner of RFC 6479, but each word carries the number of its block, so that moving on
// needs no clearing and one compare-and-swap decides about one packet:
//
//   word = { block : 32, bits : 32 }     block = packet number / 32, its low 32 bits; one bit a packet
//   place of a block = block modulo kWords
//
// A packet is fresh if its block's word holds an older block or none (bits == 0), or the same block without its bit.
// A newer block in its place means that the packet is at least kWindow behind the newest one accepted: refused,
// because it can no longer be known. Blocks are compared as signed differences; two packets that far apart, 2^36, never
// meet under one key (rekey at 2^32 packets).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "dataplane/wire/overlay.h"

namespace izar {

class ReplayWindow {
  public:
    static constexpr std::size_t kWords = 512;
    // Packets at most this far behind the newest accepted one are always told apart.
    static constexpr std::uint64_t kWindow = (kWords - 1) * 32;
    static_assert(kWindow >= 8'192);
    static_assert((kWords & (kWords - 1)) == 0);

    // Whether accept() would refuse it now; takes no note.
    bool seen(std::uint64_t packet_number) const noexcept {
        const auto block = static_cast<std::uint32_t>(counter_of(packet_number) / 32);
        const std::uint64_t word = words_[block % kWords].load(std::memory_order_relaxed);
        const auto ahead = static_cast<std::int32_t>(block - static_cast<std::uint32_t>(word >> 32));
        const bool empty = static_cast<std::uint32_t>(word) == 0;
        return !empty && (ahead < 0 || (ahead == 0 && (word >> (packet_number % 32) & 1) != 0));
    }

    // Takes note of an authenticated packet: true exactly once for each packet number (its counter part; the sending
    // lcore in the top byte has chosen the window).
    bool accept(std::uint64_t packet_number) noexcept {
        const auto block = static_cast<std::uint32_t>(counter_of(packet_number) / 32);
        const std::uint64_t bit = std::uint64_t{1} << (packet_number % 32);
        std::atomic<std::uint64_t>& word = words_[block % kWords];
        std::uint64_t seen = word.load(std::memory_order_relaxed);
        for (;;) {
            const auto ahead = static_cast<std::int32_t>(block - static_cast<std::uint32_t>(seen >> 32));
            const bool empty = static_cast<std::uint32_t>(seen) == 0;
            if (!empty && (ahead < 0 || (ahead == 0 && (seen & bit) != 0))) {
                return false;
            }
            const std::uint64_t next = !empty && ahead == 0 ? seen | bit : std::uint64_t{block} << 32 | bit;
            if (word.compare_exchange_weak(seen, next, std::memory_order_relaxed)) {
                return true;
            }
        }
    }

  private:
    static constexpr std::uint64_t counter_of(std::uint64_t packet_number) noexcept {
        return packet_number & ((std::uint64_t{1} << kPacketNumberLcoreShift) - 1);
    }

    alignas(64) std::array<std::atomic<std::uint64_t>, kWords> words_{};
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(sizeof(ReplayWindow) == ReplayWindow::kWords * 8);

}  // namespace izar
