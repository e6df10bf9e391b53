#include "dataplane/links/stamp_prober.h"

#include <algorithm>
#include <cstring>

#include "dataplane/lcore/lcore_state.h"
#include "dataplane/stages/send.h"
#include "dataplane/wire/checksum.h"

namespace izar {
namespace {

constexpr std::uint8_t kProbeTtl = 255;  // RFC 8762 section 4.2: so that the reflector can count the hops
constexpr std::uint16_t kUdpLength = sizeof(UdpHeader) + sizeof(StampProbe);

std::uint32_t write_ip(std::uint8_t* at, const IpAddress& from, const IpAddress& to) noexcept {
    if (to.family() == Family::ipv4) {
        Ipv4Header ip{};
        ip.version_ihl = 0x45;
        ip.total_length = Be16{sizeof(Ipv4Header) + kUdpLength};
        ip.flags_fragment = Be16{kIpv4DontFragment};
        ip.ttl = kProbeTtl;
        ip.protocol = IpProtocol::udp;
        ip.source = from.v4();
        ip.destination = to.v4();
        set_ipv4_checksum(ip);
        std::memcpy(at, &ip, sizeof ip);
        return pseudo_sum(ip, kUdpLength);
    }
    Ipv6Header ip{};
    ip.version_class_label = Be32{6U << 28};
    ip.payload_length = Be16{kUdpLength};
    ip.next_header = IpProtocol::udp;
    ip.hop_limit = kProbeTtl;
    ip.source = from.v6();
    ip.destination = to.v6();
    std::memcpy(at, &ip, sizeof ip);
    return pseudo_sum(ip, IpProtocol::udp, kUdpLength);
}

void write_udp(std::uint8_t* at, std::uint16_t from, std::uint16_t to, const StampProbe& probe,
               std::uint32_t pseudo) noexcept {
    UdpHeader udp{};
    udp.source_port = Be16{from};
    udp.destination_port = Be16{to};
    udp.length = Be16{kUdpLength};
    std::memcpy(at, &udp, sizeof udp);
    std::memcpy(at + sizeof udp, &probe, sizeof probe);
    const auto sum = static_cast<std::uint16_t>(~fold(raw_sum({at, kUdpLength}, pseudo)));
    udp.checksum = Be16::from_raw(sum == 0 ? std::uint16_t{0xFFFF} : sum);
    std::memcpy(at, &udp, sizeof udp);
}

// A probe that finds no way is lost, as it would be behind the first hop.
void send_probe(const StampSession& session, std::uint16_t own_port, const StampProbe& probe, LcoreState& lcore,
                Instant now) noexcept {
    const Interfaces& interfaces = lcore.shared.interfaces;
    const auto hop = interfaces.next_hop(session.peer);
    const auto own = hop ? interfaces.port(hop->port).address_of(session.peer.family()) : std::nullopt;
    const NeighborIndex neighbor = own ? lcore.shared.neighbors.insert(hop->port, hop->address) : kNoNeighbor;
    rte_mbuf* const m = neighbor == kNoNeighbor ? nullptr : rte_pktmbuf_alloc(lcore.shared.pool);
    if (m == nullptr) {
        ++lcore.counters.answers_lost;
        return;
    }
    const std::size_t ip_length = own->family() == Family::ipv4 ? sizeof(Ipv4Header) : sizeof(Ipv6Header);
    auto* const at =
        reinterpret_cast<std::uint8_t*>(rte_pktmbuf_append(m, static_cast<std::uint16_t>(ip_length + kUdpLength)));
    const std::uint32_t pseudo = write_ip(at, *own, session.peer);
    write_udp(at + ip_length, own_port, session.port, probe, pseudo);
    ++lcore.counters.made;
    send_made(m, neighbor, hop->port, lcore, now);
}

}  // namespace

StampProber::StampProber(NodeId self, StampBoard& board, StampSessionRing& wanted, StampReportRing& reports,
                         std::span<const StampSession> configured)
    : self_(self),
      board_(board),
      wanted_(wanted),
      reports_(reports),
      running_(std::make_unique<std::array<Running, kMaxStampSessions>>()) {
    std::ranges::for_each(configured, [this](const StampSession& session) { begin(session); });
}

bool StampProber::begin(const StampSession& session) noexcept {
    const auto free = std::ranges::find(*running_, false, &Running::active);
    if (free == running_->end()) {
        return false;
    }
    const auto slot = static_cast<std::size_t>(free - running_->begin());
    *free = Running{};
    free->session = session;
    free->active = true;
    free->sender = StampSender{raw(self_), kPatience};
    board_.open(slot, session.peer, session.port);
    ++active_;
    return true;
}

// As a session that is over and of which nothing is known.
void StampProber::refuse(const StampSession& session) noexcept {
    reports_.push({.session = session, .measurement = {.source = MeasurementSource::stamp}, .over = true});
}

bool StampProber::is_over(const Running& running) const noexcept {
    return running.session.count != 0 && running.sender.sent() >= running.session.count && !running.sender.waits();
}

void StampProber::tick(LcoreState& lcore, Instant now) noexcept {
    if (now - last_tick_ < kTick) {
        return;
    }
    last_tick_ = now;
    StampSession wanted;
    while (wanted_.pop(wanted)) {
        if (!begin(wanted)) {
            refuse(wanted);
        }
    }
    if (active_ == 0) {
        return;
    }
    for (std::size_t slot = 0; slot < running_->size(); ++slot) {
        if ((*running_)[slot].active) {
            serve(slot, (*running_)[slot], lcore, now);
        }
    }
}

void StampProber::serve(std::size_t slot, Running& running, LcoreState& lcore, Instant now) noexcept {
    running.sender.each_waiting([&](std::uint32_t sequence) {
        if (const auto came = board_.find(slot, sequence, now)) {
            if (running.session.count == 0 && now - running.window_begun >= kWindow) {
                running.sender.take_measurement();
                running.window_begun = now;
            }
            running.sender.take(StampAnswer{sequence, 0, Nanos{0}}, *came);
        }
    });
    running.sender.expire(now);
    const StampSession& session = running.session;
    if (now >= running.next_send && (session.count == 0 || running.sender.sent() < session.count)) {
        // The rhythm is kept by adding; after a long pause it starts anew.
        const bool late = now - running.next_send >= session.interval;
        running.next_send = (late ? now : running.next_send) + session.interval;
        const StampProbe probe = running.sender.next(lcore.shared.stamp.wall_time(now), now);
        send_probe(session, static_cast<std::uint16_t>(kFirstStampSource + slot), probe, lcore, now);
    }
    if (is_over(running) || now - running.told >= kTellInterval) {
        tell(slot, running, now);
    }
}

// The last report of a session must not be lost: it is tried until the ring has room.
void StampProber::tell(std::size_t slot, Running& running, Instant now) noexcept {
    running.told = now;
    const bool over = is_over(running);
    if (!reports_.push({static_cast<std::uint16_t>(slot), running.session, running.sender.sent(),
                        running.sender.measurement(), over})) {
        return;
    }
    if (over) {
        board_.close(slot);
        running.active = false;
        --active_;
    }
}

}  // namespace izar
