#include "dataplane/io/neighbors.h"

#include <algorithm>
#include <cstring>

namespace izar {

MacWord::MacWord(const MacAddress& mac) noexcept {
    std::memcpy(&word_, mac.bytes, sizeof mac.bytes);
    word_ |= std::uint64_t{1} << 63;
}

NeighborTable::NeighborTable(std::uint64_t seed)
    : seed_(seed),
      entries_(std::make_unique<NeighborEntry[]>(kMaxNeighbors)),
      buckets_(std::make_unique<std::atomic<std::uint16_t>[]>(kBuckets)) {
    for (std::size_t i = 0; i < kBuckets; ++i) {
        buckets_[i].store(raw(kNoNeighbor), std::memory_order_relaxed);
    }
}

std::size_t NeighborTable::bucket_of(PortIndex port, const IpAddress& address) const noexcept {
    std::uint64_t halves[2];
    std::memcpy(halves, address.bytes().data(), sizeof halves);
    const std::uint64_t a = halves[0] ^ seed_;
    const std::uint64_t b = halves[1] + raw(port) + (std::uint64_t{0x9E3779B97F4A7C15} ^ seed_);
    __extension__ using Wide = unsigned __int128;
    const auto product = static_cast<Wide>(a | 1) * (b | 1);
    return static_cast<std::size_t>(static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product)) %
           kBuckets;
}

NeighborIndex NeighborTable::find(PortIndex port, const IpAddress& address) const noexcept {
    for (std::size_t b = bucket_of(port, address);; b = (b + 1) % kBuckets) {
        const NeighborIndex index{buckets_[b].load(std::memory_order_acquire)};
        if (index == kNoNeighbor) {
            return kNoNeighbor;
        }
        const NeighborEntry& e = entries_[raw(index)];
        if (e.port == port && e.address == address) {
            return index;
        }
    }
}

NeighborIndex NeighborTable::insert(PortIndex port, const IpAddress& address) noexcept {
    const NeighborIndex known = find(port, address);
    if (known != kNoNeighbor || size() == kMaxNeighbors) {
        return known;
    }
    const std::size_t fresh = size_.fetch_add(1, std::memory_order_relaxed);
    if (fresh >= kMaxNeighbors) {
        return kNoNeighbor;
    }
    NeighborEntry& e = entries_[fresh];
    e.address = address;
    e.port = port;
    e.ready.store(true, std::memory_order_release);
    for (std::size_t b = bucket_of(port, address);; b = (b + 1) % kBuckets) {
        std::uint16_t there = raw(kNoNeighbor);
        if (buckets_[b].compare_exchange_strong(there, static_cast<std::uint16_t>(fresh), std::memory_order_acq_rel,
                                                std::memory_order_acquire)) {
            return NeighborIndex{static_cast<std::uint16_t>(fresh)};
        }
        // Another lcore was faster with the same address: its entry serves, ours stays unused.
        if (entries_[there].port == port && entries_[there].address == address) {
            return NeighborIndex{there};
        }
    }
}

NeighborIndex NeighborTable::insert_stranger(PortIndex port, const IpAddress& address) noexcept {
    return size() < kMaxNeighbors - kKeptNeighbors ? insert(port, address) : find(port, address);
}

void NeighborTable::learn(NeighborIndex index, const MacAddress& mac, Instant now) noexcept {
    NeighborEntry& e = entry(index);
    e.confirmed.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    e.unanswered.store(0, std::memory_order_relaxed);
    e.mac.store(MacWord{mac}.word(), std::memory_order_relaxed);
}

std::size_t NeighborTable::size() const noexcept {
    return std::min(size_.load(std::memory_order_relaxed), kMaxNeighbors);
}

}  // namespace izar
