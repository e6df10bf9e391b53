// families.h -- What a flow stage needs to know of an IP family, so that each is written once for both.
//
// Thread: pure functions; the tables are the lcore's own.
#pragma once

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

// The tuple by which the flow table knows a lane's packet.
template <typename Address>
FlowKey<Address> key_of(const Burst& burst, unsigned lane) noexcept {
    const auto& ip = *reinterpret_cast<const typename FamilyOf<Address>::Header*>(burst.ip[lane]);
    const std::uint8_t* const l4 = burst.l4[lane];
    FlowKey<Address> key{ip.source, ip.destination, {}, {}, FamilyOf<Address>::protocol(ip), {}};
    if (is_icmp(key.protocol)) {
        const auto& icmp = *reinterpret_cast<const IcmpHeader*>(l4);
        const bool asks = icmp.type == FamilyOf<Address>::kEchoRequest;
        key.source_port = asks ? icmp.identifier : Be16{0};
        key.destination_port = asks ? Be16{0} : icmp.identifier;
    } else {
        // TCP and UDP ports lie at the same place.
        const auto& ports = *reinterpret_cast<const UdpHeader*>(l4);
        key.source_port = ports.source_port;
        key.destination_port = ports.destination_port;
    }
    return key;
}

}  // namespace izar
