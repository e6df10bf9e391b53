// flow_key.h -- FlowKey: the 5-tuple by which a packet finds its flow, and the two hashes over it.
//
// Thread: values only.
//
// A key is written in the order of the packet that it was read from. A session has two: the client's
// (client -> VIP) and the origin's (origin -> NAT address). ICMP echo has no ports: the identifier stands
// where the asking side's port would, source_port of a request and destination_port of a reply, and the
// other port is 0. NAT rewrites an identifier like a port.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "dataplane/base/byte_order.h"
#include "dataplane/base/ip_address.h"
#include "dataplane/base/random.h"
#include "dataplane/base/types.h"
#include "dataplane/wire/headers.h"

namespace izar {

// Address is Ipv4Address or Ipv6Address.
template <typename Address>
struct FlowKey {
    Address source;
    Address destination;
    Be16 source_port;
    Be16 destination_port;
    IpProtocol protocol;
    std::uint8_t padding[3];  // always zero: the hashes read whole words

    friend bool operator==(const FlowKey& a, const FlowKey& b) noexcept { return std::memcmp(&a, &b, sizeof a) == 0; }

    // The key of a packet that goes the other way.
    FlowKey reversed() const noexcept { return {destination, source, destination_port, source_port, protocol, {}}; }
};
static_assert(offsetof(FlowKey<Ipv4Address>, source_port) == 8 && offsetof(FlowKey<Ipv4Address>, protocol) == 12);
static_assert(std::is_trivially_default_constructible_v<FlowKey<Ipv4Address>>,
              "a burst's keys cost nothing before they are read");
static_assert(sizeof(FlowKey<Ipv4Address>) == 16 && alignof(FlowKey<Ipv4Address>) == 1);
static_assert(sizeof(FlowKey<Ipv6Address>) == 40 && alignof(FlowKey<Ipv6Address>) == 1);

// Secret words of hash_key: one set a process, the same for all its lcores.
struct HashSeed {
    std::uint64_t word[5];

    static constexpr HashSeed from(std::uint64_t random_bits) noexcept {
        HashSeed seed{};
        Random random{random_bits};
        for (std::uint64_t& word : seed.word) {
            word = random.next();
        }
        return seed;
    }
};

// 64 x 64 -> 128 bit multiply, both halves folded together: every input bit reaches every output bit.
inline std::uint64_t fold_multiply(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// The flow table's hash. Without the seed nobody can choose keys that collide, so a client cannot build
// a flood of flows for one bucket. Use of the bits: 0..31 bucket, 32..47 tag, 48..63 owner lcore.
template <typename Address>
std::uint64_t hash_key(const FlowKey<Address>& key, const HashSeed& seed) noexcept {
    constexpr std::size_t kWords = sizeof(key) / 8;
    static_assert(kWords * 8 == sizeof(key) && (kWords == 2 || kWords == 5));
    std::uint64_t w[kWords];
    std::memcpy(w, &key, sizeof w);
    std::uint64_t h = fold_multiply(w[0] ^ seed.word[0], w[1] ^ seed.word[1]);
    if constexpr (kWords == 5) {
        h ^= fold_multiply(w[2] ^ seed.word[2], w[3] ^ seed.word[3]);
        h = fold_multiply(h, w[4] ^ seed.word[4]);
    }
    return fold_multiply(h ^ seed.word[4], 0x9E3779B97F4A7C15);
}

// A key and its hash in the flow table, so that it is worked out once.
template <typename Address>
struct HashedKey {
    FlowKey<Address> key;
    std::uint64_t hash;

    friend bool operator==(const HashedKey&, const HashedKey&) noexcept = default;
};

// The lcore that owns a flow, from the hash of its client-direction key: every lcore comes to the same answer.
constexpr LcoreIndex flow_owner(std::uint64_t hash, std::size_t lcores) noexcept {
    return static_cast<LcoreIndex>(((hash >> 48) * lcores) >> 16);
}

inline constexpr HashSeed kEgressChoiceSeed = HashSeed::from(0x697A61722D656772);
inline constexpr HashSeed kOriginChoiceSeed = HashSeed::from(0x697A61722D6F7267);

// Fleet-wide hashes of a client-direction key for Maglev: equal on every node and in every release, so that
// another ingress of the group chooses the same egress. The two are independent, so that the flows of one
// egress spread over the origins like all flows do.
template <typename Address>
std::uint64_t client_hash(const FlowKey<Address>& key) noexcept {
    return hash_key(key, kEgressChoiceSeed);
}
template <typename Address>
std::uint64_t origin_hash(const FlowKey<Address>& key) noexcept {
    return hash_key(key, kOriginChoiceSeed);
}

}  // namespace izar
