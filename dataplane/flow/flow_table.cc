#include "dataplane/flow/flow_table.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <type_traits>

#include "dataplane/base/check.h"
#include "dataplane/wire/checksum.h"

namespace izar {
namespace {

// Whether the addresses and ports from `first` on are those of the key. Both lie in the same order without
// gaps, so this is one comparison of words; the static_asserts below hold it together.
template <typename Address>
bool same_tuple(const Address& first, const FlowKey<Address>& key) {
    return std::memcmp(&first, &key, offsetof(FlowKey<Address>, protocol)) == 0;
}

template <typename Address>
constexpr bool tuple_order_holds() {
    using Entry = Flow<Address>;
    using Key = FlowKey<Address>;
    constexpr std::size_t kReply = offsetof(Entry, origin);
    return offsetof(Entry, client) == offsetof(Key, source) && offsetof(Entry, vip) == offsetof(Key, destination) &&
           offsetof(Entry, client_port) == offsetof(Key, source_port) &&
           offsetof(Entry, vip_port) == offsetof(Key, destination_port) &&
           offsetof(Entry, nat_address) == kReply + offsetof(Key, destination) &&
           offsetof(Entry, origin_port) == kReply + offsetof(Key, source_port) &&
           offsetof(Entry, nat_port) == kReply + offsetof(Key, destination_port);
}
static_assert(tuple_order_holds<Ipv4Address>() && tuple_order_holds<Ipv6Address>());
static_assert(std::is_trivially_copyable_v<Flow<Ipv4Address>> && std::is_trivially_copyable_v<Flow<Ipv6Address>>);

// Fills in what the checksums of a forward packet change by: client and VIP become NAT address and origin, and the
// ports with them. Which takes whose place does not matter to a sum.
template <typename Address>
void set_deltas(Flow<Address>& flow) {
    const auto* const before = reinterpret_cast<const std::uint8_t*>(&flow.client);
    const auto* const after = reinterpret_cast<const std::uint8_t*>(&flow.origin);
    const auto delta = [&](std::size_t at, std::size_t bytes) {
        return checksum_delta({before + at, bytes}, {after + at, bytes});
    };
    const std::uint16_t addresses = delta(0, 2 * sizeof(Address));
    const std::uint16_t ports = delta(2 * sizeof(Address), 2 * sizeof(Be16));
    flow.l3_delta = addresses;
    // ICMP for IPv4 has no pseudo header, so only its identifier counts (RFC 792); ICMPv6 has one (RFC 4443).
    flow.l4_delta = flow.protocol == IpProtocol::icmp ? ports : add_deltas(addresses, ports);
}

}  // namespace

template <typename Address>
Result<FlowTable<Address>> FlowTable<Address>::make(std::uint32_t capacity, const HashSeed& seed) {
    if (capacity == 0 || capacity > kMostFlows) {
        return fail(fmt::format("a flow table of {} flows is not possible; use 1 to {}", capacity, kMostFlows));
    }
    auto index = FlowIndex::make(std::size_t{capacity} * 2);
    if (!index) {
        return tl::unexpected(index.error());
    }
    auto memory = FixedMemory::make(capacity * sizeof(Entry));
    if (!memory) {
        return tl::unexpected(memory.error());
    }
    FlowTable table;
    table.index_ = std::move(*index);
    table.memory_ = std::move(*memory);
    table.seed_ = seed;
    table.capacity_ = capacity;
    return table;
}

template <typename Address>
bool FlowTable<Address>::holds(FlowRef ref, const Key& key) const noexcept {
    const Entry& entry = entries()[ref.index()];
    return entry.protocol == key.protocol &&
           same_tuple(ref.direction() == Direction::forward ? entry.client : entry.origin, key);
}

template <typename Address>
FlowRef FlowTable<Address>::find_in(const FlowIndex::Bucket& bucket, unsigned matches, const Key& key) const noexcept {
    for (; matches != 0; matches &= matches - 1) {
        const FlowRef ref = FlowRef::from_bits(bucket.value[std::countr_zero(matches)]);
        if (holds(ref, key)) {
            return ref;
        }
    }
    return {};
}

template <typename Address>
FlowRef FlowTable<Address>::find(const Key& key, std::uint64_t hash) const noexcept {
    const FlowIndex::Place place = index_.place(hash);
    const FlowIndex::Bucket& first = index_.bucket(place.first);
    const FlowRef ref = find_in(first, FlowIndex::match(first, place.tag), key);
    if (ref) {
        return ref;
    }
    const FlowIndex::Bucket& second = index_.bucket(place.second);
    return find_in(second, FlowIndex::match(second, place.tag), key);
}

template <typename Address>
void FlowTable<Address>::prefetch_entry(FlowRef ref) const noexcept {
    const Entry* entry = entries() + ref.index();
    __builtin_prefetch(entry, 1);
    if constexpr (sizeof(Entry) > 64) {
        __builtin_prefetch(reinterpret_cast<const std::uint8_t*>(entry) + 64, 1);
    }
}

// What a bucket holds under the tag of a hash: the first such entry, or none.
template <typename Address>
FlowRef FlowTable<Address>::tagged(std::uint32_t bucket, std::uint64_t hash) const noexcept {
    const FlowIndex::Bucket& there = index_.bucket(bucket);
    const unsigned matches = FlowIndex::match(there, FlowIndex::tag_of(hash));
    return matches == 0 ? FlowRef{} : FlowRef::from_bits(there.value[std::countr_zero(matches)]);
}

template <typename Address>
void FlowTable<Address>::find_bulk(std::span<const Key> keys, std::span<const std::uint64_t> hashes,
                                   std::span<FlowRef> out) const noexcept {
    const std::size_t n = keys.size();
    CHECK(n <= kMaxBurst && hashes.size() == n && out.size() == n);
    std::array<FlowRef, kMaxBurst> likely;  // the first entry whose tag fits
    std::array<std::uint8_t, kMaxBurst> elsewhere;
    std::size_t elsewhere_count = 0;
    for (std::size_t i = 0; i < n; ++i) {
        __builtin_prefetch(&index_.bucket(index_.first_bucket(hashes[i])));
    }
    // From here, every key's first bucket is on its way. Most keys are in that, and the others need two looks.
    for (std::size_t i = 0; i < n; ++i) {
        likely[i] = tagged(index_.first_bucket(hashes[i]), hashes[i]);
        if (likely[i]) {
            prefetch_entry(likely[i]);
        } else {
            elsewhere[elsewhere_count++] = static_cast<std::uint8_t>(i);
            __builtin_prefetch(&index_.bucket(index_.place(hashes[i]).second));
        }
    }
    for (std::size_t e = 0; e < elsewhere_count; ++e) {
        const std::size_t i = elsewhere[e];
        likely[i] = tagged(index_.place(hashes[i]).second, hashes[i]);
        if (likely[i]) {
            prefetch_entry(likely[i]);
        }
    }
    // From here, the likely entry of every key is on its way. Another with the same tag is rare (2^-12).
    for (std::size_t i = 0; i < n; ++i) {
        out[i] = !likely[i] || holds(likely[i], keys[i]) ? likely[i] : find(keys[i], hashes[i]);
    }
}

template <typename Address>
void FlowTable<Address>::fetch(std::uint64_t hash) const noexcept {
    const FlowIndex::Place place = index_.place(hash);
    __builtin_prefetch(&index_.bucket(place.first));
    __builtin_prefetch(&index_.bucket(place.second));
}

template <typename Address>
FlowRef FlowTable<Address>::create(const Key& key, std::uint64_t hash, Instant now) noexcept {
    if (const FlowRef present = find(key, hash)) {
        return present;
    }
    const bool recycled = free_ != kNoFree;
    const std::uint32_t number = recycled ? free_ : touched_;
    const FlowRef ref{number, Direction::forward};
    if (number >= capacity_ || !index_.insert(hash, ref.bits())) {
        ++exhausted_;
        return {};
    }
    Entry& entry = entries()[number];
    if (recycled) {
        free_ = raw(entry.service);
    } else {
        ++touched_;
    }
    ++size_;
    entry = Entry{};
    entry.client = key.source;
    entry.vip = key.destination;
    entry.client_port = key.source_port;
    entry.vip_port = key.destination_port;
    entry.protocol = key.protocol;
    entry.last_packet = entry.path_since = FlowTime::of(now);
    entry.egress = entry.first_link = kNoSlot;
    entry.client_neighbor = entry.origin_neighbor = kNoNeighbor;
    return ref;
}

template <typename Address>
bool FlowTable<Address>::add_session(FlowRef ref, const HashedKey<Address>& reply) noexcept {
    Entry& entry = entries()[ref.index()];
    CHECK(entry.in_use() && !entry.has_session() && entry.protocol == reply.key.protocol);
    if (find(reply.key, reply.hash)) {
        return false;
    }
    if (!index_.insert(reply.hash, FlowRef{ref.index(), Direction::reply}.bits())) {
        ++exhausted_;
        return false;
    }
    entry.origin = reply.key.source;
    entry.nat_address = reply.key.destination;
    entry.origin_port = reply.key.source_port;
    entry.nat_port = reply.key.destination_port;
    entry.flags |= kFlowSession;
    set_deltas(entry);
    return true;
}

template <typename Address>
void FlowTable<Address>::erase(FlowRef ref) noexcept {
    Entry& entry = entries()[ref.index()];
    CHECK(entry.in_use());
    index_.erase(hash(entry.client_key()), FlowRef{ref.index(), Direction::forward}.bits());
    if (entry.has_session()) {
        index_.erase(hash(entry.reply_key()), FlowRef{ref.index(), Direction::reply}.bits());
    }
    entry.protocol = IpProtocol{};
    entry.service = ServiceId{free_};
    free_ = ref.index();
    --size_;
}

template class FlowTable<Ipv4Address>;
template class FlowTable<Ipv6Address>;

}  // namespace izar
