// families.h -- What a flow stage needs to know of an IP family, so that each is written once for both.
//
// Thread: pure functions; the tables are the lcore's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "dataplane/lcore/lcore_state.h"
#include "dataplane/stages/frame.h"

namespace izar {

template <typename Address>
struct FamilyOf;

template <>
struct FamilyOf<Ipv4Address> {
    using Header = Ipv4Header;
    static constexpr Family kFamily = Family::ipv4;
    static constexpr std::uint8_t kEchoRequest = kIcmpEchoRequest;
    static FlowTable<Ipv4Address>& flows(LcoreState& lcore) noexcept { return lcore.flows4; }
    static NatPorts<Ipv4Address>& ports(LcoreState& lcore) noexcept { return lcore.ports4; }
    static IpProtocol protocol(const Header& ip) noexcept { return ip.protocol; }
    static Ipv4Address address(const IpAddress& a) noexcept { return a.v4(); }
};

template <>
struct FamilyOf<Ipv6Address> {
    using Header = Ipv6Header;
    static constexpr Family kFamily = Family::ipv6;
    static constexpr std::uint8_t kEchoRequest = kIcmpv6EchoRequest;
    static FlowTable<Ipv6Address>& flows(LcoreState& lcore) noexcept { return lcore.flows6; }
    static NatPorts<Ipv6Address>& ports(LcoreState& lcore) noexcept { return lcore.ports6; }
    static IpProtocol protocol(const Header& ip) noexcept { return ip.next_header; }
    static Ipv6Address address(const IpAddress& a) noexcept { return a.v6(); }
};

// Calls stage(Address{}) for the family of the lane's packet: `Address` is only a tag.
template <typename Stage>
decltype(auto) by_family(const std::uint8_t* ip, Stage&& stage) {
    return family_of(ip) == Family::ipv4 ? stage(Ipv4Address{}) : stage(Ipv6Address{});
}

constexpr bool is_icmp(IpProtocol protocol) noexcept {
    return protocol == IpProtocol::icmp || protocol == IpProtocol::icmpv6;
}

constexpr Transport transport_of(IpProtocol protocol) noexcept {
    switch (protocol) {
        case IpProtocol::tcp:
            return Transport::tcp;
        case IpProtocol::udp:
            return Transport::udp;
        default:
            return Transport::icmp;
    }
}

// Flags of a lane's TCP header; 0 for other transports.
template <typename Address>
std::uint8_t tcp_flags(const Burst& burst, unsigned lane) noexcept {
    const auto& ip = *reinterpret_cast<const typename FamilyOf<Address>::Header*>(burst.ip[lane]);
    return FamilyOf<Address>::protocol(ip) == IpProtocol::tcp ? header_at<TcpHeader>(burst.l4[lane]).flags
                                                              : std::uint8_t{0};
}

// The two ports of a packet as they lie in it, and for ICMP what stands in their place (flow_key.h).
template <typename Address>
std::uint32_t ports_of(IpProtocol protocol, const std::uint8_t* l4) noexcept {
    if (!is_icmp(protocol)) {
        std::uint32_t ports;  // TCP's and UDP's lie at the same place
        std::memcpy(&ports, l4, sizeof ports);
        return ports;
    }
    const auto& icmp = *reinterpret_cast<const IcmpHeader*>(l4);
    const std::uint32_t identifier = icmp.identifier.raw_bits();
    return icmp.type == FamilyOf<Address>::kEchoRequest ? identifier : identifier << 16;
}

// Reads the tuple by which the flow table knows a lane's packet. In whole words: a key put together field by field
// could not be read again as words at once, and the hash would wait for it.
template <typename Address>
void read_key(const Burst& burst, unsigned lane, FlowKey<Address>& key) noexcept {
    using Header = typename FamilyOf<Address>::Header;
    static_assert(offsetof(Header, destination) == offsetof(Header, source) + sizeof(Address));
    const auto& ip = *reinterpret_cast<const Header*>(burst.ip[lane]);
    const IpProtocol protocol = FamilyOf<Address>::protocol(ip);
    const std::uint64_t tail = ports_of<Address>(protocol, burst.l4[lane]) | std::uint64_t{raw(protocol)} << 32;
    auto* const words = reinterpret_cast<std::uint8_t*>(&key);
    std::memcpy(words, &ip.source, 2 * sizeof(Address));
    std::memcpy(words + 2 * sizeof(Address), &tail, sizeof tail);
}

}  // namespace izar
