// nat_ports.h -- NatPorts: finds a free egress port (or ICMP identifier) for a new session.
//
// Thread: owned by one lcore, beside its FlowTable.
//
// There is no bitmap of ports: a port is free if the reply key that it would give is not in the flow table, so
// one address serves 64 k sessions for every origin, and an expired flow frees its port by itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/base/limits.h"
#include "dataplane/base/random.h"
#include "dataplane/base/types.h"
#include "dataplane/flow/flow_key.h"
#include "dataplane/flow/flow_table.h"

namespace izar {

// The lcore whose sessions use this port: every lcore can tell whose a reply is.
constexpr LcoreIndex nat_port_owner(std::uint16_t port, std::size_t lcores) noexcept {
    return static_cast<LcoreIndex>(port % lcores);
}

// Ports from..to (inclusive) that sessions may use.
struct NatPortRange {
    std::uint16_t from = kFirstNatPort;
    std::uint16_t to = 65535;
};

template <typename Address>
class NatPorts {
  public:
    using Key = FlowKey<Address>;
    using Reply = HashedKey<Address>;
    static constexpr std::size_t kMaxProbes = 256;       // ports tried on each address
    static constexpr std::size_t kProbesARound = 2'048;  // of all choices of a round; what is needed at 95 % full
    static constexpr std::size_t kProbesBeyond = 4;      // for each choice after that, on one address

    // `addresses`: this node's egress addresses, 0..kMaxEgressAddresses of them. `self` of `lcores` owns its share of
    // the range. `seed` is random and differs between lcores.
    NatPorts(std::span<const Address> addresses, LcoreIndex self, std::size_t lcores, std::uint64_t seed,
             NatPortRange range = {});

    // A new round of the lcore. When a round's probes are used up, its further choices give up early: without that, a
    // flood of new sessions to an origin whose ports are all taken would stop the lcore for all others.
    void begin_round() noexcept { probes_left_ = kProbesARound; }

    // The reply-direction key that a session of `client` (its client-direction key) to an origin gets if it is free in
    // `table`: with the client's own port. All sessions of a client begin with the same address (RFC 4787 section 4.1).
    // For ICMP echo origin_port is not used. None if the node has no egress address.
    std::optional<Reply> first_choice(const FlowTable<Address>& table, const Key& client, const Address& origin,
                                      Be16 origin_port) const noexcept;

    // A reply-direction key that is free in `table`: `first`, which first_choice() gave for the same client, or one
    // with another port, or another address where that has no port. None if all are exhausted, which exhausted()
    // counts.
    std::optional<Reply> choose(const FlowTable<Address>& table, const Key& client,
                                const std::optional<Reply>& first) noexcept;

    std::uint64_t chosen() const noexcept { return chosen_; }
    std::uint64_t exhausted() const noexcept { return exhausted_; }
    // Ports tried for all chosen(): the mean per choice rises long before the first failure.
    std::uint64_t probes() const noexcept { return probes_; }

  private:
    bool is_mine(std::uint16_t port) const noexcept;
    std::size_t first_address(const Key& client) const noexcept;
    bool try_port(const FlowTable<Address>& table, Be16 port, Reply& reply) noexcept;
    bool try_any_port(const FlowTable<Address>& table, Reply& reply) noexcept;
    bool is_free(const FlowTable<Address>& table, const Reply& reply) noexcept;

    std::array<Address, kMaxEgressAddresses> addresses_{};
    std::size_t address_count_;
    std::uint32_t first_port_;  // lowest port of this lcore's share
    std::uint32_t port_count_;  // its ports are first_port_ + i * lcores_, i < port_count_
    std::uint32_t lcores_;
    Random random_;
    std::size_t probes_left_ = kProbesARound;
    std::uint64_t chosen_ = 0;
    std::uint64_t exhausted_ = 0;
    std::uint64_t probes_ = 0;
};

extern template class NatPorts<Ipv4Address>;
extern template class NatPorts<Ipv6Address>;

}  // namespace izar
