#include "dataplane/flow/flow.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cstring>
#include <vector>

#include "dataplane/flow/flow_table.h"
#include "dataplane/wire/checksum.h"

namespace izar {
namespace {

template <typename Address>
using HeaderOf = std::conditional_t<sizeof(Address) == sizeof(Ipv4Address), Ipv4Header, Ipv6Header>;

// A packet of 8 bytes of transport header and some payload. Ports, or an echo's identifier, are in the key.
template <typename Address>
struct Packet {
    HeaderOf<Address> ip;
    std::array<std::uint8_t, 8 + 21> transport;
};

// Where the transport checksum lies. TCP's would be behind the 8 bytes; for the arithmetic any even place does.
std::size_t checksum_offset(IpProtocol protocol) {
    return protocol == IpProtocol::icmp || protocol == IpProtocol::icmpv6 ? 2 : 6;
}

void set_word(std::uint8_t* at, Be16 value) {
    std::memcpy(at, &value, sizeof value);
}
Be16 word_at(const std::uint8_t* at) {
    Be16 value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

// Writes the key's addresses and ports into the packet and leaves both checksums alone.
template <typename Address>
void address(Packet<Address>& packet, const FlowKey<Address>& key) {
    packet.ip.source = key.source;
    packet.ip.destination = key.destination;
    const bool is_echo = key.protocol == IpProtocol::icmp || key.protocol == IpProtocol::icmpv6;
    if (is_echo) {
        const bool is_request = key.source_port.value() != 0;
        set_word(&packet.transport[4], is_request ? key.source_port : key.destination_port);
    } else {
        set_word(&packet.transport[0], key.source_port);
        set_word(&packet.transport[2], key.destination_port);
    }
}

// The oracle: both checksums from all bytes.
template <typename Address>
void sum_up(Packet<Address>& packet, IpProtocol protocol) {
    set_word(&packet.transport[checksum_offset(protocol)], Be16{0});
    std::uint32_t sum = 0;
    if constexpr (sizeof(Address) == sizeof(Ipv4Address)) {
        set_ipv4_checksum(packet.ip);
        sum = protocol == IpProtocol::icmp ? 0 : pseudo_sum(packet.ip, packet.transport.size());
    } else {
        sum = pseudo_sum(packet.ip, protocol, packet.transport.size());
    }
    sum = raw_sum(packet.transport, sum);
    set_word(&packet.transport[checksum_offset(protocol)], Be16::from_raw(static_cast<std::uint16_t>(~fold(sum))));
}

template <typename Address>
void apply_deltas(Packet<Address>& packet, const Flow<Address>& flow, Direction direction) {
    if constexpr (sizeof(Address) == sizeof(Ipv4Address)) {
        packet.ip.checksum = apply_delta(packet.ip.checksum, l3_delta(flow, direction));
    }
    std::uint8_t* at = &packet.transport[checksum_offset(flow.protocol)];
    set_word(at, apply_delta(word_at(at), l4_delta(flow, direction)));
}

template <typename Address>
Packet<Address> any_packet(IpProtocol protocol) {
    Packet<Address> packet;
    auto* bytes = reinterpret_cast<std::uint8_t*>(&packet);
    for (std::size_t i = 0; i < sizeof packet; ++i) {
        bytes[i] = *rc::gen::arbitrary<std::uint8_t>();
    }
    if constexpr (sizeof(Address) == sizeof(Ipv4Address)) {
        packet.ip.version_ihl = 0x45;
        packet.ip.protocol = protocol;
    }
    // RFC 1624 cannot tell a message of nothing but zeros from one whose sum is 0xFFFF; no client sends one.
    packet.transport.back() |= 1;
    return packet;
}

template <typename Address>
FlowKey<Address> any_key(IpProtocol protocol) {
    FlowKey<Address> key{};
    auto* bytes = reinterpret_cast<std::uint8_t*>(&key);
    for (std::size_t i = 0; i < offsetof(FlowKey<Address>, protocol); ++i) {
        bytes[i] = *rc::gen::element<std::uint8_t>(0, 0xFF, *rc::gen::arbitrary<std::uint8_t>());  // with many carries
    }
    key.protocol = protocol;
    return key;
}

// Rewrites a packet from one key to the other and compares every byte with a packet summed up from scratch.
template <typename Address>
void expect_right_checksums(const Flow<Address>& flow, Direction direction, const FlowKey<Address>& before,
                            const FlowKey<Address>& after) {
    Packet<Address> packet = any_packet<Address>(flow.protocol);
    address(packet, before);
    sum_up(packet, flow.protocol);
    address(packet, after);
    Packet<Address> expected = packet;
    sum_up(expected, flow.protocol);
    apply_deltas(packet, flow, direction);
    RC_ASSERT(std::memcmp(&packet, &expected, sizeof packet) == 0);
}

template <typename Address>
void check_session(IpProtocol protocol) {
    FlowKey<Address> client = any_key<Address>(protocol);
    FlowKey<Address> reply = any_key<Address>(protocol);
    if (protocol == IpProtocol::icmp || protocol == IpProtocol::icmpv6) {
        client.destination_port = reply.source_port = Be16{0};
        client.source_port = Be16{*rc::gen::inRange<std::uint16_t>(1, 0xFFFF)};
    }
    auto table = std::move(FlowTable<Address>::make(4, HashSeed::from(1)).value());
    RC_PRE(!(client == reply));
    const FlowRef ref = table.create(client, table.hash(client), Instant{});
    RC_ASSERT(table.add_session(ref, table.hashed(reply)));
    expect_right_checksums(table[ref], Direction::forward, client, reply.reversed());
    expect_right_checksums(table[ref], Direction::reply, reply, client.reversed());
}

RC_GTEST_PROP(FlowDeltas, Ipv4ChecksumsStayRight, ()) {
    check_session<Ipv4Address>(*rc::gen::element(IpProtocol::tcp, IpProtocol::udp, IpProtocol::icmp));
}

RC_GTEST_PROP(FlowDeltas, Ipv6ChecksumsStayRight, ()) {
    check_session<Ipv6Address>(*rc::gen::element(IpProtocol::tcp, IpProtocol::udp, IpProtocol::icmpv6));
}

}  // namespace
}  // namespace izar
