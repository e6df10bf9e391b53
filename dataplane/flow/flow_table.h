// flow_table.h -- FlowTable: the flows and sessions of one lcore and one IP family, in memory of fixed size.
//
// Thread: owned by one lcore. Nothing is allocated after make().
//
// An entry is found by its client-direction key and, once it has a session, by its reply-direction key too.
// Entries never move: a reference stays valid until the flow is erased. IPv4 takes 64 bytes an entry and 18 for
// its two keys in the index, IPv6 128 and 18.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/base/result.h"
#include "dataplane/flow/flow.h"
#include "dataplane/flow/flow_index.h"
#include "dataplane/flow/flow_key.h"

namespace izar {

// Which flow a key belongs to, and which of its two keys it was.
class FlowRef {
  public:
    FlowRef() = default;  // none
    FlowRef(std::uint32_t index, Direction direction) noexcept
        : bits_(index << 1 | static_cast<std::uint32_t>(direction)) {}
    static FlowRef from_bits(std::uint32_t bits) noexcept {
        FlowRef ref;
        ref.bits_ = bits;
        return ref;
    }

    explicit operator bool() const noexcept { return bits_ != kNone; }
    std::uint32_t index() const noexcept { return bits_ >> 1; }
    Direction direction() const noexcept { return static_cast<Direction>(bits_ & 1); }
    std::uint32_t bits() const noexcept { return bits_; }

    friend bool operator==(FlowRef, FlowRef) = default;

  private:
    static constexpr std::uint32_t kNone = 0xFFFFFFFF;
    std::uint32_t bits_ = kNone;
};

template <typename Address>
class FlowTable {
  public:
    using Key = FlowKey<Address>;
    using Entry = Flow<Address>;
    static constexpr std::uint32_t kMostFlows = 1U << 30;

    // A table for `capacity` flows, each with a session (1..kMostFlows). All lcores of a process get the same seed.
    static Result<FlowTable> make(std::uint32_t capacity, const HashSeed& seed);

    std::uint64_t hash(const Key& key) const noexcept { return hash_key(key, seed_); }
    HashedKey<Address> hashed(const Key& key) const noexcept { return {key, hash(key)}; }

    // Looks up to kMaxBurst keys up, with the cache misses of all under way at once. The three spans have the
    // same length; out[i] is none where keys[i] is unknown.
    void find_bulk(std::span<const Key> keys, std::span<const std::uint64_t> hashes,
                   std::span<FlowRef> out) const noexcept;
    FlowRef find(const Key& key, std::uint64_t hash) const noexcept;
    // Starts the way of what find() will read of the index into the cache.
    void fetch(std::uint64_t hash) const noexcept;

    Entry& operator[](FlowRef ref) noexcept { return entries()[ref.index()]; }
    const Entry& operator[](FlowRef ref) const noexcept { return entries()[ref.index()]; }

    // The flow of a client-direction key: a new one, or the one that an earlier packet of the burst has made
    // since find_bulk (its flags are not 0). None if the table is full, which exhausted() counts.
    FlowRef create(const Key& key, std::uint64_t hash, Instant now) noexcept;

    // Makes `reply` (origin -> NAT address, see choose of nat_ports.h) the second key of a flow without session,
    // and fills in its origin, NAT and delta fields. False if the key is taken or the index is full.
    bool add_session(FlowRef ref, const HashedKey<Address>& reply) noexcept;

    // Forgets a flow and its keys.
    void erase(FlowRef ref) noexcept;

    // Visits the next `budget` entries in turn and erases those idle for at least timeout_of(const Entry&) -> Nanos,
    // after on_expired(const Entry&). Returns how many it erased.
    template <typename TimeoutOf, typename OnExpired>
    std::uint32_t sweep(Instant now, std::uint32_t budget, TimeoutOf&& timeout_of, OnExpired&& on_expired) {
        const FlowTime time = FlowTime::of(now);
        std::uint32_t expired = 0;
        for (budget = budget < touched_ ? budget : touched_; budget > 0; --budget) {
            const std::uint32_t at = sweep_at_;
            sweep_at_ = at + 1 < touched_ ? at + 1 : 0;
            const Entry& entry = entries()[at];
            if (entry.in_use() && elapsed(entry.last_packet, time) >= timeout_of(entry)) {
                on_expired(entry);
                erase(FlowRef{at, Direction::forward});
                ++expired;
            }
        }
        return expired;
    }

    // Calls visitor(const Entry&) for the flows in up to `budget` entries from number `from` on; returns the number to
    // go on with, 0 at the end.
    template <typename Visitor>
    std::uint32_t visit(std::uint32_t from, std::uint32_t budget, Visitor&& visitor) const {
        for (; from < touched_ && budget > 0; ++from, --budget) {
            if (entries()[from].in_use()) {
                visitor(entries()[from]);
            }
        }
        return from < touched_ ? from : 0;
    }

    std::uint32_t size() const noexcept { return size_; }
    std::uint32_t capacity() const noexcept { return capacity_; }
    std::uint64_t exhausted() const noexcept { return exhausted_; }  // flows and sessions refused for want of room
    std::size_t bytes() const noexcept { return index_.bytes() + memory_.bytes(); }

  private:
    Entry* entries() const noexcept { return static_cast<Entry*>(memory_.data()); }
    bool holds(FlowRef ref, const Key& key) const noexcept;
    FlowRef find_in(const FlowIndex::Bucket& bucket, unsigned matches, const Key& key) const noexcept;
    FlowRef tagged(std::uint32_t bucket, std::uint64_t hash) const noexcept;
    void prefetch_entry(FlowRef ref) const noexcept;

    FlowIndex index_;
    FixedMemory memory_;
    HashSeed seed_{};
    std::uint32_t capacity_ = 0;
    std::uint32_t size_ = 0;
    std::uint32_t touched_ = 0;     // entries from here on were never used
    std::uint32_t free_ = kNoFree;  // head of the list of free entries below, linked by their `service` field
    std::uint32_t sweep_at_ = 0;
    std::uint64_t exhausted_ = 0;
    static constexpr std::uint32_t kNoFree = 0xFFFFFFFF;
};

extern template class FlowTable<Ipv4Address>;
extern template class FlowTable<Ipv6Address>;

}  // namespace izar
