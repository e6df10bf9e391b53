#include "dataplane/lcore/lcore_state.h"

namespace izar {
namespace {

constexpr std::uint64_t kExceptionPerSecond = 20'000;  // packets to the kernel, of each lcore
constexpr std::uint64_t kExceptionBurst = 512;

// Answers "too big", of each lcore; a limit that RFC 1812 section 4.3.2.8 and RFC 4443 section 2.4 (f) ask for.
constexpr std::uint64_t kTooBigPerSecond = 2'000;
constexpr std::uint64_t kTooBigBurst = 512;

std::array<std::uint16_t, kMaxPorts> dpdk_ids(const std::vector<Port>& ports) {
    std::array<std::uint16_t, kMaxPorts> ids{};
    for (std::size_t i = 0; i < ports.size(); ++i) {
        ids[i] = ports[i].dpdk_id;
    }
    return ids;
}

template <typename Address, typename Read>
NatPorts<Address> nat_ports(const Shared& shared, LcoreIndex index, std::uint64_t seed, Family family, Read read) {
    std::vector<Address> addresses;
    for (const IpAddress& address : shared.interfaces.egress_addresses()) {
        if (address.family() == family) {
            addresses.push_back(read(address));
        }
    }
    return NatPorts<Address>{addresses, index, shared.lcores, seed};
}

// Every lcore gets its share of the flows, with an eighth more because a hash does not share out evenly.
std::uint32_t share(std::uint32_t flows, std::size_t lcores) noexcept {
    return lcores == 1 ? flows : static_cast<std::uint32_t>(flows / lcores + flows / lcores / 8);
}

}  // namespace

Result<std::unique_ptr<LcoreState>> LcoreState::make(LcoreIndex index, const Shared& shared, const MemoryConfig& memory,
                                                     LinkReportRing& reports, std::uint64_t seed) {
    auto flows4 = FlowTable<Ipv4Address>::make(share(memory.flows, shared.lcores), shared.hash_seed);
    auto flows6 = FlowTable<Ipv6Address>::make(share(memory.flows_ipv6, shared.lcores), shared.hash_seed);
    if (!flows4 || !flows6) {
        return tl::unexpected(flows4 ? flows6.error() : flows4.error());
    }
    return std::unique_ptr<LcoreState>(
        new LcoreState(index, shared, std::move(*flows4), std::move(*flows6), reports, seed));
}

LcoreState::LcoreState(LcoreIndex index_in, const Shared& shared_in, FlowTable<Ipv4Address> flows4_in,
                       FlowTable<Ipv6Address> flows6_in, LinkReportRing& reports, std::uint64_t seed)
    : index(index_in),
      shared(shared_in),
      flows4(std::move(flows4_in)),
      flows6(std::move(flows6_in)),
      ports4(nat_ports<Ipv4Address>(shared, index, seed, Family::ipv4, [](const IpAddress& a) { return a.v4(); })),
      ports6(nat_ports<Ipv6Address>(shared, index, seed + 1, Family::ipv6, [](const IpAddress& a) { return a.v6(); })),
      sender(index, shared.interfaces, shared.neighbors),
      receiver(index, shared.links, reports),
      keeper(shared.link_config),
      tx(index, counters, dpdk_ids(shared.ports)),
      exception_budget(kExceptionPerSecond, kExceptionBurst),
      too_big_budget(kTooBigPerSecond, kTooBigBurst) {}

}  // namespace izar
