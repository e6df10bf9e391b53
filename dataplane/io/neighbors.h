// neighbors.h -- NeighborTable: MAC addresses of next hops, as ARP (RFC 826) and ND (RFC 4861) tell them.
//
// Thread: every lcore reads, inserts and learns, without locks. A reader sees an entry either not at all
//         or whole, because its index is published after its key, and its MAC address changes as one
//         64-bit word. Entries are never removed, so an index that a flow keeps stays valid.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>

#include "dataplane/base/ip_address.h"
#include "dataplane/base/limits.h"
#include "dataplane/base/types.h"
#include "dataplane/io/interfaces.h"

namespace izar {

// A MAC address and whether it is known, in one word: bit 63 = known, low 48 bits = the six bytes in
// memory order.
class MacWord {
  public:
    MacWord() = default;
    explicit MacWord(std::uint64_t word) noexcept : word_(word) {}
    explicit MacWord(const MacAddress& mac) noexcept;
    bool known() const noexcept { return (word_ >> 63) != 0; }
    MacAddress mac() const noexcept {
        MacAddress out;
        std::memcpy(out.bytes, &word_, sizeof out.bytes);
        return out;
    }
    std::uint64_t word() const noexcept { return word_; }

  private:
    std::uint64_t word_ = 0;
};

struct NeighborEntry {
    IpAddress address;
    PortIndex port = kNoPort;
    std::atomic<bool> ready{false};  // address and port are written
    std::atomic<std::uint64_t> mac{0};
    std::atomic<std::int64_t> confirmed{0};  // Instant of the last ARP or ND message from it, in ns
    std::atomic<std::int64_t> asked{0};      // Instant of the last request to it
    std::atomic<std::uint32_t> unanswered{0};
};

class NeighborTable {
  public:
    explicit NeighborTable(std::uint64_t seed);

    NeighborIndex find(PortIndex port, const IpAddress& address) const noexcept;
    MacWord mac(NeighborIndex index) const noexcept {
        return MacWord{entries_[raw(index)].mac.load(std::memory_order_relaxed)};
    }
    PortIndex port(NeighborIndex index) const noexcept { return entries_[raw(index)].port; }

    // The entry of an address, a new one if needed; kNoNeighbor if the table is full.
    NeighborIndex insert(PortIndex port, const IpAddress& address) noexcept;
    // The same for a host that anybody may invent: strangers leave kKeptNeighbors entries to gateways, peers and
    // origins.
    NeighborIndex insert_stranger(PortIndex port, const IpAddress& address) noexcept;
    // The entry of the next hop to a client, which is a stranger if it is the client itself.
    NeighborIndex insert_to_client(const NextHop& hop, const IpAddress& client) noexcept {
        return hop.address == client ? insert_stranger(hop.port, client) : insert(hop.port, hop.address);
    }
    void learn(NeighborIndex index, const MacAddress& mac, Instant now) noexcept;
    void forget(NeighborIndex index) noexcept { entry(index).mac.store(0, std::memory_order_relaxed); }
    NeighborEntry& entry(NeighborIndex index) noexcept { return entries_[raw(index)]; }
    // Entries to visit; those that are not `ready` are to be skipped.
    std::size_t size() const noexcept;

  private:
    static constexpr std::size_t kBuckets = 4 * kMaxNeighbors;
    std::size_t bucket_of(PortIndex port, const IpAddress& address) const noexcept;

    std::uint64_t seed_;
    std::atomic<std::size_t> size_{0};
    std::unique_ptr<NeighborEntry[]> entries_;
    std::unique_ptr<std::atomic<std::uint16_t>[]> buckets_;  // open addressing, linear probing
};

}  // namespace izar
