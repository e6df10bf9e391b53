// frame_fuzz.cc -- Any Ethernet frame: after the parse stage every pointer into it is safe to follow.
//
// Input: one byte that chooses the port (0: overlay), then the frame. The frame ends where its allocation
// ends, so that a sanitizer sees the first byte read behind it. Neither EAL nor a packet pool is needed.
#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "dataplane/base/check.h"
#include "dataplane/stages/clamp_mss.h"
#include "dataplane/stages/frame.h"
#include "dataplane/stages/parse.h"
#include "dataplane/wire/checksum.h"

namespace {

using namespace izar;

constexpr std::uint16_t kHeadroom = 128;
constexpr std::size_t kLongestFrame = 2048;
constexpr std::uint16_t kNarrowMtu = 1200;  // so that common MSS values are too large

const Interfaces& interfaces() {
    static const Interfaces one_of_each = [] {
        Interface wan;
        wan.addresses = {*InterfaceAddress::parse("10.0.0.1/24"), *InterfaceAddress::parse("fd00::1/64")};
        Interface lan;
        lan.addresses = {*InterfaceAddress::parse("192.168.1.1/24")};
        return Interfaces({wan, lan}, PortIndex{0}, {});
    }();
    return one_of_each;
}

// The list that holds the only lane; CHECKs that there is exactly one, or none if there is a verdict.
const LaneList* only_list(const Burst& burst) {
    const LaneList* found = nullptr;
    for (const LaneList* list :
         {&burst.overlay, &burst.neighbors, &burst.ipv4, &burst.ipv6, &burst.odd, &burst.exception}) {
        if (!list->empty()) {
            CHECK(found == nullptr && list->size() == 1);
            found = list;
        }
    }
    CHECK((found == nullptr) == (burst.verdict[0] != Verdict::pending));
    return found;
}

// A one's-complement sum knows two zeros; they mean the same.
std::uint16_t sum_of(const std::uint8_t* first, std::size_t length) {
    const std::uint16_t sum = fold(raw_sum({first, length}));
    return sum == 0xFFFF ? std::uint16_t{0} : sum;
}

void expect_sums_survive(const Burst& burst) {
    std::uint8_t* const ip = burst.ip[0];
    std::uint8_t* const l4 = burst.l4[0];
    const auto l4_length = static_cast<std::size_t>(burst.ip_length[0] - (l4 - ip));
    const bool tcp = family_of(ip) == Family::ipv4 ? header_at<Ipv4Header>(ip).protocol == IpProtocol::tcp
                                                   : header_at<Ipv6Header>(ip).next_header == IpProtocol::tcp;
    if (tcp) {
        const std::uint16_t before = sum_of(l4, l4_length);
        clamp_mss(ip, l4, burst.ip_length[0], kNarrowMtu);
        CHECK(sum_of(l4, l4_length) == before);
    }
    if (family_of(ip) == Family::ipv4) {
        const std::uint16_t before = sum_of(ip, sizeof(Ipv4Header));
        take_hop(ip);
        CHECK(sum_of(ip, sizeof(Ipv4Header)) == before);
    }
}

void expect_sound(const Burst& burst, std::span<const std::uint8_t> frame) {
    const LaneList* const list = only_list(burst);
    if (list == nullptr || list == &burst.neighbors || list == &burst.exception) {
        return;
    }
    const std::uint8_t* const ip = burst.ip[0];
    const std::uint8_t* const end = ip + burst.ip_length[0];
    CHECK(ip == frame.data() + sizeof(EthernetHeader) && end <= frame.data() + frame.size());
    CHECK(burst.l4[0] > ip && burst.l4[0] <= end);
    CHECK(burst.mbuf[0]->data_len == burst.ip_length[0]);
    if (list != &burst.odd) {
        CHECK(burst.l4[0] + sizeof(UdpHeader) <= end);
    }
    if (list == &burst.ipv4 || list == &burst.ipv6) {
        expect_sums_survive(burst);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > kLongestFrame) {
        return 0;
    }
    const auto length = static_cast<std::uint16_t>(size - 1);
    const std::unique_ptr<std::uint8_t[]> bytes(new std::uint8_t[kHeadroom + std::size_t{length}]());
    std::copy_n(data + 1, length, bytes.get() + kHeadroom);

    rte_mbuf mbuf{};
    mbuf.buf_addr = bytes.get();
    mbuf.data_off = kHeadroom;
    mbuf.data_len = length;
    mbuf.pkt_len = length;
    mbuf.nb_segs = 1;

    const auto burst = std::make_unique<Burst>();
    burst->mbuf[0] = &mbuf;
    burst->reset_to(1);
    burst->note[0].port = PortIndex{static_cast<std::uint8_t>(data[0] & 1)};
    parse(*burst, interfaces());
    expect_sound(*burst, {bytes.get() + kHeadroom, length});
    return 0;
}
