// duplicates.h -- Duplicates: numbers for packets that are sent twice, and which copies came first.
//
// Thread: any lcore. Words are relaxed: whether a number is new is decided by one compare-and-swap on its word.
//
// The two copies of a packet take different ways and so come to different lcores, the second up to some hundred
// milliseconds later. For every node that sends copies there is a window of kWindow numbers: words {block:32, bits:32}
// as in a replay window, whose block says which 32 numbers the bits mean now. A number that is too old to be known
// counts as new: here a packet that comes twice is better than one that does not come at all.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "dataplane/base/limits.h"
#include "dataplane/base/types.h"

namespace izar {

class Duplicates {
  public:
    static constexpr std::size_t kWords = 512;
    static constexpr std::size_t kWindow =
        kWords * 32;  // numbers; at 100 ms between the copies 160,000 packets a second

    // `first` is random in each process life, so that a node's numbers do not look like those of its former life.
    explicit Duplicates(std::uint64_t first)
        : next_(first), words_(std::make_unique<std::atomic<std::uint64_t>[]>(kMaxNodes * kWords)) {}

    // The number of the next packet that this node sends twice.
    std::uint64_t next() noexcept { return next_.fetch_add(1, std::memory_order_relaxed); }

    // Whether this is the first copy of the packet with that number from `origin`; the second call for it says no.
    bool is_first(NodeSlot origin, std::uint64_t number) noexcept {
        const auto block = static_cast<std::uint32_t>(number >> 5);
        const std::uint64_t bit = std::uint64_t{1} << (number & 31);
        std::atomic<std::uint64_t>& word = words_[raw(origin) * kWords + block % kWords];
        std::uint64_t seen = word.load(std::memory_order_relaxed);
        for (;;) {
            const auto known = static_cast<std::uint32_t>(seen >> 32);
            if (known == block && (seen & bit) != 0) {
                return false;
            }
            if (known != block && is_late(block, known)) {
                return true;
            }
            const std::uint64_t others = known == block ? seen : std::uint64_t{block} << 32;
            if (word.compare_exchange_weak(seen, others | bit, std::memory_order_relaxed)) {
                return true;
            }
        }
    }

  private:
    // Whether a block belongs before the one that its word holds. One far before it is of another life of its node.
    static bool is_late(std::uint32_t block, std::uint32_t known) noexcept {
        const std::uint32_t behind = known - block;
        return behind < 16 * kWords;
    }

    std::atomic<std::uint64_t> next_;
    std::unique_ptr<std::atomic<std::uint64_t>[]> words_;  // [origin][block % kWords]
};

}  // namespace izar
