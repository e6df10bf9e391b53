#include "dataplane/lcore/counters.h"

#include <cstring>

namespace izar {

std::uint64_t LcoreCounters::total(Fate fate) const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t v = 0; v < kVerdictCount; ++v) {
        if (kVerdicts[v].fate == fate) {
            sum += verdicts[v];
        }
    }
    return sum;
}

void LcoreCounters::add(const LcoreCounters& other) noexcept {
    // The struct is nothing but 64-bit counters, so it adds up word by word.
    std::array<std::uint64_t, sizeof(LcoreCounters) / 8> a;
    std::array<std::uint64_t, sizeof(LcoreCounters) / 8> b;
    std::memcpy(a.data(), this, sizeof *this);
    std::memcpy(b.data(), &other, sizeof other);
    for (std::size_t i = 0; i < a.size(); ++i) {
        a[i] += b[i];
    }
    std::memcpy(static_cast<void*>(this), a.data(), sizeof *this);
}

void Snapshot::publish(const LcoreCounters& counters, std::size_t ports) noexcept {
    const std::size_t used = (offsetof(LcoreCounters, ports) + ports * sizeof(PortCounters)) / 8;
    const auto* words = reinterpret_cast<const std::uint64_t*>(&counters);
    const std::uint64_t sequence = sequence_.load(std::memory_order_relaxed);
    sequence_.store(sequence + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    for (std::size_t i = 0; i < used; ++i) {
        words_[i].store(words[i], std::memory_order_relaxed);
    }
    sequence_.store(sequence + 2, std::memory_order_release);
}

LcoreCounters Snapshot::read() const noexcept {
    std::array<std::uint64_t, kWords> words;
    while (true) {
        const std::uint64_t before = sequence_.load(std::memory_order_acquire);
        for (std::size_t i = 0; i < kWords; ++i) {
            words[i] = words_[i].load(std::memory_order_relaxed);
        }
        std::atomic_thread_fence(std::memory_order_acquire);
        if (before % 2 == 0 && sequence_.load(std::memory_order_relaxed) == before) {
            break;
        }
    }
    LcoreCounters out;
    std::memcpy(static_cast<void*>(&out), words.data(), sizeof out);
    return out;
}

}  // namespace izar
