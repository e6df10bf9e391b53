// frame.h -- Small readers and writers of a lane's bytes, shared by the stages.
//
// Thread: the lcore that holds the packet. Each function states which bytes must be there.
#pragma once

#include <rte_mbuf.h>

#include <cstdint>

#include "dataplane/stages/burst.h"
#include "dataplane/wire/headers.h"

namespace izar {

template <typename Header>
Header& header_at(std::uint8_t* at) noexcept {
    static_assert(alignof(Header) == 1);
    return *reinterpret_cast<Header*>(at);
}

// Cuts the mbuf so that it starts `offset` bytes later and is `length` bytes long; offset + length must
// lie inside it. The bytes before stay readable in the headroom.
inline void focus(rte_mbuf* m, std::uint16_t offset, std::uint16_t length) noexcept {
    m->data_off = static_cast<std::uint16_t>(m->data_off + offset);
    m->data_len = length;
    m->pkt_len = length;
}

// Moves the start of the mbuf back over `bytes` of headroom and returns it. The headroom of 128 bytes plus
// an Ethernet header holds every outer header that izar writes.
inline std::uint8_t* prepend(rte_mbuf* m, std::uint16_t bytes) noexcept {
    m->data_off = static_cast<std::uint16_t>(m->data_off - bytes);
    m->data_len = static_cast<std::uint16_t>(m->data_len + bytes);
    m->pkt_len += bytes;
    return rte_pktmbuf_mtod(m, std::uint8_t*);
}

// Moves the end of the mbuf on over `bytes` of tailroom; false if there are fewer. rte_pktmbuf_append would look for
// the last of several buffers, in the mbuf's second cache line, which nothing else of a relayed packet touches.
inline bool extend(rte_mbuf* m, std::uint16_t bytes) noexcept {
    if (m->buf_len - m->data_off - m->data_len < bytes) {
        return false;
    }
    m->data_len = static_cast<std::uint16_t>(m->data_len + bytes);
    m->pkt_len += bytes;
    return true;
}

inline Family family_of(const std::uint8_t* ip) noexcept {
    return (*ip >> 4) == 4 ? Family::ipv4 : Family::ipv6;
}

inline IpAddress source_of(const std::uint8_t* ip) noexcept {
    return family_of(ip) == Family::ipv4 ? IpAddress{reinterpret_cast<const Ipv4Header*>(ip)->source}
                                         : IpAddress{reinterpret_cast<const Ipv6Header*>(ip)->source};
}

inline IpAddress destination_of(const std::uint8_t* ip) noexcept {
    return family_of(ip) == Family::ipv4 ? IpAddress{reinterpret_cast<const Ipv4Header*>(ip)->destination}
                                         : IpAddress{reinterpret_cast<const Ipv6Header*>(ip)->destination};
}

// Validates the IP packet that starts the lane's mbuf, cuts off padding, sets ip, l4 and ip_length and puts
// the lane on ipv4 or ipv6 if it is a whole TCP, UDP or ICMP echo packet, on odd if it is any other IP
// packet. False with a verdict set if it is no valid IP packet.
bool sort_ip(Burst& burst, unsigned lane) noexcept;

// Takes one hop off TTL or hop limit; false if it is used up.
inline bool take_hop(std::uint8_t* at) noexcept {
    if (family_of(at) == Family::ipv6) {
        auto& ip = header_at<Ipv6Header>(at);
        if (ip.hop_limit <= 1) {
            return false;
        }
        --ip.hop_limit;
        return true;
    }
    auto& ip = header_at<Ipv4Header>(at);
    if (ip.ttl <= 1) {
        return false;
    }
    // TTL is the upper byte of its 16-bit word: taking 1 off adds 0x0100 to the checksum (RFC 1141).
    --ip.ttl;
    const std::uint32_t sum = std::uint32_t{ip.checksum.value()} + 0x0100;
    ip.checksum = Be16{static_cast<std::uint16_t>(sum + (sum >> 16))};
    return true;
}

}  // namespace izar
