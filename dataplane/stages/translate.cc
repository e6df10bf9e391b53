#include "dataplane/stages/translate.h"

#include "dataplane/stages/families.h"
#include "dataplane/wire/checksum.h"

namespace izar {
namespace {

struct Ports {
    Be16 source;
    Be16 destination;
};

void rewrite_ports(IpProtocol protocol, Direction direction, const Ports& ports, std::uint16_t delta,
                   std::uint8_t* l4) noexcept {
    switch (protocol) {
        case IpProtocol::tcp: {
            auto& tcp = header_at<TcpHeader>(l4);
            tcp.source_port = ports.source;
            tcp.destination_port = ports.destination;
            tcp.checksum = apply_delta(tcp.checksum, delta);
            return;
        }
        case IpProtocol::udp: {
            auto& udp = header_at<UdpHeader>(l4);
            udp.source_port = ports.source;
            udp.destination_port = ports.destination;
            if (udp.checksum.raw_bits() != 0) {
                const Be16 sum = apply_delta(udp.checksum, delta);
                udp.checksum = sum.raw_bits() == 0 ? Be16{0xFFFF} : sum;
            }
            return;
        }
        default: {
            auto& icmp = header_at<IcmpHeader>(l4);
            icmp.identifier = direction == Direction::forward ? ports.source : ports.destination;
            icmp.checksum = apply_delta(icmp.checksum, delta);
        }
    }
}

}  // namespace

template <typename Address>
void translate(const Flow<Address>& flow, Direction direction, std::uint8_t* at, std::uint8_t* l4) noexcept {
    auto& ip = header_at<typename FamilyOf<Address>::Header>(at);
    const bool forward = direction == Direction::forward;
    ip.source = forward ? flow.nat_address : flow.vip;
    ip.destination = forward ? flow.origin : flow.client;
    if constexpr (FamilyOf<Address>::kFamily == Family::ipv4) {
        ip.checksum = apply_delta(ip.checksum, l3_delta(flow, direction));
    }
    const Ports ports = forward ? Ports{flow.nat_port, flow.origin_port} : Ports{flow.vip_port, flow.client_port};
    rewrite_ports(flow.protocol, direction, ports, l4_delta(flow, direction), l4);
}

template void translate(const Flow<Ipv4Address>&, Direction, std::uint8_t*, std::uint8_t*) noexcept;
template void translate(const Flow<Ipv6Address>&, Direction, std::uint8_t*, std::uint8_t*) noexcept;

}  // namespace izar
