#include "dataplane/stages/send.h"

#include <cstddef>
#include <cstring>

#include "dataplane/base/check.h"
#include "dataplane/io/resolve.h"
#include "dataplane/stages/frame.h"
#include "dataplane/stages/time_legs.h"

namespace izar {
namespace {

// Whether a decapsulated reply is a valid IP packet from the VIP of the service it came as.
bool is_reply_of(const Burst& burst, unsigned lane, const ServiceTable& services) noexcept {
    const int index = services.find(burst.note[lane].service);
    return index >= 0 && services[index].vip == source_of(burst.ip[lane]);
}

void deliver_lane(Burst& burst, unsigned lane, LcoreState& lcore, const ServiceTable& services, Instant now) noexcept {
    if (!is_reply_of(burst, lane, services)) {
        burst.verdict[lane] = Verdict::unknown_service;
        return;
    }
    const IpAddress client = destination_of(burst.ip[lane]);
    const auto hop = lcore.shared.interfaces.next_hop(client);
    if (!hop) {
        burst.verdict[lane] = Verdict::no_next_hop;
        return;
    }
    burst.neighbor[lane] = lcore.shared.neighbors.insert_to_client(*hop, client);
    if (burst.neighbor[lane] == kNoNeighbor) {
        burst.verdict[lane] = Verdict::neighbors_full;
    } else if (!take_hop(burst.ip[lane])) {
        burst.verdict[lane] = Verdict::ttl_expired;
    } else {
        time_delivery(burst, lane, lcore, now);
        burst.port[lane] = hop->port;
        burst.address.add(lane);
    }
}

bool is_fragment(const std::uint8_t* ip) noexcept {
    constexpr IpProtocol kIpv6Fragment{44};
    return family_of(ip) == Family::ipv4 ? reinterpret_cast<const Ipv4Header*>(ip)->is_fragment()
                                         : reinterpret_cast<const Ipv6Header*>(ip)->next_header == kIpv6Fragment;
}

// Writes the Ethernet header as three words: six bytes of an address are no word, and copying them through one makes
// the processor wait for its own store.
void put_ethernet(rte_mbuf* m, MacWord destination, PortIndex port, const LcoreState& lcore) noexcept {
    const Family family = family_of(rte_pktmbuf_mtod(m, std::uint8_t*));
    const Be16 ether_type{family == Family::ipv4 ? kEtherTypeIpv4 : kEtherTypeIpv6};
    const std::uint8_t* const source = lcore.shared.interfaces.port(port).mac.bytes;
    std::uint16_t source_head;
    std::uint32_t source_tail;
    std::memcpy(&source_head, source, sizeof source_head);
    std::memcpy(&source_tail, source + sizeof source_head, sizeof source_tail);
    const std::uint64_t addresses = (destination.word() & 0xFFFF'FFFF'FFFF) | std::uint64_t{source_head} << 48;
    std::uint8_t* const at = prepend(m, sizeof(EthernetHeader));
    std::memcpy(at, &addresses, sizeof addresses);
    std::memcpy(at + sizeof addresses, &source_tail, sizeof source_tail);
    std::memcpy(at + offsetof(EthernetHeader, ether_type), &ether_type, sizeof ether_type);
}

// The verdict of a packet whose next hop has no MAC address yet; it is asked for.
Verdict hold(rte_mbuf* m, NeighborIndex neighbor, LcoreState& lcore, Instant now) noexcept {
    ask_neighbor(neighbor, lcore, now);
    return lcore.held.put(m, neighbor, now) ? Verdict::hold : Verdict::hold_full;
}

void count_drop(rte_mbuf* m, Verdict verdict, LcoreState& lcore) noexcept {
    ++lcore.counters.verdicts[static_cast<std::size_t>(verdict)];
    rte_pktmbuf_free(m);
}

// Back to where the frame came from: an RST starts at its IP header, an ARP or ND reply at the Ethernet header.
void bounce(Burst& burst, unsigned lane, const LcoreState& lcore) noexcept {
    rte_mbuf* const m = burst.mbuf[lane];
    const std::uint8_t* const start = rte_pktmbuf_mtod(m, std::uint8_t*);
    const bool at_ip = start == burst.ip[lane];
    auto& ethernet =
        header_at<EthernetHeader>(at_ip ? prepend(m, sizeof(EthernetHeader)) : rte_pktmbuf_mtod(m, std::uint8_t*));
    burst.port[lane] = burst.note[lane].port;
    ethernet.destination = ethernet.source;
    ethernet.source = lcore.shared.interfaces.port(burst.port[lane]).mac;
    burst.out.add(lane);
}

}  // namespace

void deliver(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept {
    if (burst.deliver.empty()) {
        return;
    }
    // sort_ip() validates and would list the lane as a flow's; a reply needs no flow here.
    const LaneList ipv4 = burst.ipv4;
    const LaneList ipv6 = burst.ipv6;
    const LaneList odd = burst.odd;
    for (const unsigned lane : burst.deliver) {
        if (sort_ip(burst, lane)) {
            deliver_lane(burst, lane, lcore, *published.services, now);
        }
    }
    burst.ipv4 = ipv4;
    burst.ipv6 = ipv6;
    burst.odd = odd;
    burst.deliver.clear();
}

void sort_odd(Burst& burst, const LcoreState& lcore, const Published& published) noexcept {
    for (const unsigned lane : burst.odd) {
        const IpAddress to = destination_of(burst.ip[lane]);
        const bool ours = burst.note[lane].way == Way::egress || published.services->is_vip(to);
        const bool fragment = is_fragment(burst.ip[lane]);
        if (ours || (fragment && lcore.shared.interfaces.is_egress(to))) {
            burst.verdict[lane] = fragment ? Verdict::fragment : Verdict::unsupported;
        } else {
            burst.exception.add(lane);
        }
    }
    burst.odd.clear();
}

void pass_exceptions(Burst& burst, LcoreState& lcore, Instant now) noexcept {
    for (const unsigned lane : burst.exception) {
        rte_mbuf* const m = burst.mbuf[lane];
        const Port& port = lcore.shared.ports[raw(burst.note[lane].port)];
        if (port.exception == kNoPort) {
            burst.verdict[lane] = Verdict::not_for_us;
            continue;
        }
        if (!lcore.exception_budget.take(now)) {
            burst.verdict[lane] = Verdict::exception_rate;
            continue;
        }
        if (rte_pktmbuf_mtod(m, std::uint8_t*) == burst.ip[lane]) {
            prepend(m, sizeof(EthernetHeader));  // still there as it came
        }
        burst.port[lane] = port.exception;
        burst.out.add(lane);
    }
    burst.exception.clear();
}

void address_frames(Burst& burst, LcoreState& lcore, Instant now) noexcept {
    for (const unsigned lane : burst.address) {
        burst.ahead.fetch_second(lane);
        const MacWord word = lcore.shared.neighbors.mac(burst.neighbor[lane]);
        if (!word.known()) {
            burst.verdict[lane] = hold(burst.mbuf[lane], burst.neighbor[lane], lcore, now);
            continue;
        }
        put_ethernet(burst.mbuf[lane], word, burst.port[lane], lcore);
        burst.out.add(lane);
    }
    for (const unsigned lane : burst.bounce) {
        bounce(burst, lane, lcore);
    }
    burst.address.clear();
    burst.bounce.clear();
}

void send_made(rte_mbuf* m, NeighborIndex neighbor, PortIndex port, LcoreState& lcore, Instant now) noexcept {
    const MacWord word = lcore.shared.neighbors.mac(neighbor);
    if (word.known()) {
        put_ethernet(m, word, port, lcore);
        lcore.tx.put(port, m);
        return;
    }
    const Verdict verdict = hold(m, neighbor, lcore, now);
    if (verdict == Verdict::hold) {
        ++lcore.counters.held;
    } else {
        count_drop(m, verdict, lcore);
    }
}

void review_held(LcoreState& lcore, Instant now) noexcept {
    lcore.held.review([&](const HoldQueue::Held& held) {
        const MacWord word = lcore.shared.neighbors.mac(held.neighbor);
        if (word.known()) {
            const PortIndex port = lcore.shared.neighbors.port(held.neighbor);
            put_ethernet(held.frame, word, port, lcore);
            lcore.tx.put(port, held.frame);
        } else if (now >= held.until) {
            count_drop(held.frame, Verdict::unresolved, lcore);
        } else {
            ask_neighbor(held.neighbor, lcore, now);
            return false;
        }
        --lcore.counters.held;
        return true;
    });
}

void transmit(Burst& burst, LcoreState& lcore) noexcept {
    for (const unsigned lane : burst.out) {
        burst.verdict[lane] = Verdict::send;
        lcore.tx.put(burst.port[lane], burst.mbuf[lane]);
    }
    const bool all_sent = burst.out.size() == burst.size;
    for (unsigned lane = 0; !all_sent && lane < burst.size; ++lane) {
        const Verdict verdict = burst.verdict[lane];
        switch (info(verdict).fate) {
            case Fate::sent:
                break;
            case Fate::handed:
                ++lcore.counters.handed_out;
                break;
            case Fate::held:
                ++lcore.counters.held;
                break;
            case Fate::consumed:
            case Fate::dropped:
                count_drop(burst.mbuf[lane], verdict, lcore);
                break;
            case Fate::pending:
                CHECK(false && "every lane has a verdict before transmit");
        }
    }
    burst.out.clear();
}

}  // namespace izar
