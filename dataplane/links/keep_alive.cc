#include "dataplane/links/keep_alive.h"

#include <algorithm>
#include <cstring>

#include "dataplane/lcore/lcore_state.h"
#include "dataplane/stages/seal_overlay.h"
#include "dataplane/stages/send.h"
#include "dataplane/wire/control.h"

namespace izar {
namespace {

// The peers' rows go to the scheduler thread item by item, on the ring that all measurements take.
void report_row(const KeepAliveView& view, NodeSlot from, LinkReceiver& receiver, Instant now) noexcept {
    for (const RowItem& item : view.row) {
        LinkReport out;
        out.kind = LinkReportKind::peer_row;
        out.link = from;
        out.at = now;
        out.row = {NodeId{item.node.value()}, item.loss.value(), item.rtt_us.value(), item.mtu.value()};
        receiver.report(out);
    }
}

// Counts the keep-alives by which the peer has not heard us within the detection time, or never in its life.
void note_hold(std::uint32_t t_hold, Nanos own_detection, LinkCell& cell) noexcept {
    const std::uint8_t before = cell.unheard.load(std::memory_order_relaxed);
    const bool unheard = t_hold == kNothingToEcho || Nanos{t_hold} > own_detection;
    const auto more = static_cast<std::uint8_t>(std::min<int>(before + 1, UINT8_MAX));
    cell.unheard.store(unheard ? more : std::uint8_t{0}, std::memory_order_relaxed);
}

// Writes a keep-alive into an empty buffer, with zeros behind it up to `padded` bytes.
void write_message(rte_mbuf* m, const KeepAliveView& view, std::size_t padded) noexcept {
    auto* const out = rte_pktmbuf_mtod(m, std::uint8_t*);
    const std::size_t length = write_keep_alive({out, rte_pktmbuf_tailroom(m)}, view);
    const std::size_t whole = std::max(length, padded);
    std::memset(out + length, 0, whole - length);
    m->data_len = static_cast<std::uint16_t>(whole);
    m->pkt_len = m->data_len;
}

// Whether the newest keep-alive echoes a packet that left after `since`. A link slower than 2^32 ns is none.
bool echoes_since(const LinkCell& cell, Instant since, Instant now) noexcept {
    return Nanos{low_clock(now) - cell.echo_told.load(std::memory_order_relaxed)} <= now - since;
}

void report_change(LinkReportKind kind, NodeSlot link, LinkReceiver& receiver, Instant now) noexcept {
    LinkReport out;
    out.kind = kind;
    out.link = link;
    out.at = now;
    receiver.report(out);
}

}  // namespace

Verdict read_control(std::span<const std::uint8_t> message, const OverlayHeader& header, NodeSlot from,
                     LcoreState& lcore, Instant now) noexcept {
    KeepAliveView view;
    if (!parse_keep_alive(message, view)) {
        return Verdict::control_malformed;
    }
    LinkCell& cell = lcore.shared.links.cell(from);
    if (view.sent_packets < cell.peer_sent.load(std::memory_order_relaxed)) {
        lcore.receiver.restart(from);
    }
    cell.peer_sent.store(view.sent_packets, std::memory_order_relaxed);
    cell.received_then.store(lcore.shared.links.total(from, &LinkCounters::received), std::memory_order_relaxed);
    cell.peer_interval.store(view.interval.count(), std::memory_order_relaxed);
    cell.peer_multiplier.store(view.multiplier, std::memory_order_relaxed);
    if (view.probe != 0) {
        cell.probe_heard.store(view.probe, std::memory_order_relaxed);
    }
    cell.probe_told.store(view.heard_probe, std::memory_order_relaxed);
    if (header.t_hold.value() < kHoldSaturated) {
        cell.echo_told.store(header.t_echo.value(), std::memory_order_relaxed);
    }
    cell.keep_alives.fetch_add(1, std::memory_order_relaxed);
    cell.deaf.store(view.deaf ? 1 : 0, std::memory_order_relaxed);
    note_hold(header.t_hold.value(), lcore.keeper.own_detection(), cell);
    report_row(view, from, lcore.receiver, now);
    return Verdict::keep_alive;
}

void LinkKeeper::tick(LcoreState& lcore, const Published& published, Instant now) noexcept {
    own_.look(now);
    judge_from_ = judge_from_ == Instant{} ? now + config_.interval * config_.multiplier : judge_from_;
    if (now - last_tick_ < kTick || published.fleet == nullptr) {
        return;
    }
    last_tick_ = now;
    const Fleet& fleet = *published.fleet;
    if (lcore.security.keys != nullptr) {
        send_handshakes(lcore, fleet, now);
    }
    const std::size_t lcores = lcore.shared.lcores;
    const std::size_t own = (fleet.nodes.size() + lcores - 1) / lcores;
    const std::size_t looked_at = std::min(own, std::max(kLinksATick, own / kTicksARound + 1));
    for (std::size_t i = 0; i < looked_at; ++i) {
        next_ = next_ + 1 < own ? next_ + 1 : 0;
        const std::size_t s = next_ * lcores + raw(lcore.index);
        const NodeSlot link{static_cast<std::uint16_t>(s)};
        if (s >= fleet.nodes.size() || link == fleet.self || fleet.nodes[s].id == kNoNode) {
            continue;
        }
        Note& note = notes_[s];
        judge(link, note, lcore, now);
        report_traffic(link, note, lcore, now);
        // A link without a key has nothing to seal with; what is due goes out as soon as it has one.
        if (now >= note.next_send && lcore.security.can_send(link)) {
            send(link, note, lcore, published, now);
        }
    }
}

// The part of the own row that this keep-alive tells, if one is due. A row that fits one keep-alive is told when it
// changed; a longer one goes round at a steady pace instead, because something in it always changes.
std::span<const RowItem> LinkKeeper::row_part(const OwnRow& row, Note& note, Instant now) noexcept {
    const std::size_t parts = (row.items.size() + kMaxRowItems - 1) / kMaxRowItems;
    const bool is_long = parts > 1;
    const bool changed = !is_long && row.version != note.row_version;
    const Nanos pause = is_long ? kLongRowTime / static_cast<std::int64_t>(parts) : kRowInterval;
    if (!changed && now - note.row_sent < pause) {
        return {};
    }
    const std::size_t part = note.row_part < parts ? note.row_part : 0;
    note.row_part = part + 1;
    note.row_version = row.version;
    note.row_sent = now;
    return std::span(row.items)
        .subspan(part * kMaxRowItems)
        .first(std::min(row.items.size() - part * kMaxRowItems, kMaxRowItems));
}

void LinkKeeper::send(NodeSlot link, Note& note, LcoreState& lcore, const Published& published, Instant now) noexcept {
    LinkTemplate& path_out = lcore.sender.link(link);
    // A rhythm kept by adding, not by now + interval, so that a late tick does not stretch it; after a long
    // pause it starts anew instead of catching up.
    note.next_send += config_.interval;
    if (note.next_send < now) {
        note.next_send = now + config_.interval;
    }
    rte_mbuf* const m = path_out.port == kNoPort ? nullptr : rte_pktmbuf_alloc(lcore.shared.pool);
    if (m == nullptr) {
        ++lcore.counters.answers_lost;
        return;
    }
    KeepAliveView view;
    view.interval = own_.promised() / config_.multiplier;
    view.multiplier = config_.multiplier;
    view.deaf = note.deaf;
    view.sent_packets = lcore.shared.links.total(link, &LinkCounters::sent);
    view.row = published.own_row == nullptr ? std::span<const RowItem>{} : row_part(*published.own_row, note, now);
    view.heard_probe = lcore.shared.links.cell(link).probe_heard.load(std::memory_order_relaxed);
    const PathMtu::Probe probe = next_probe(link, note, lcore, now);
    view.probe = probe.number;
    const std::size_t tag = lcore.security.keys == nullptr ? 0 : kTagLength;
    write_message(m, view, probe.size == 0 ? 0 : probe.size - path_out.outer_length() - tag);
    const Fleet& fleet = *published.fleet;
    Path path;
    path.segments = {fleet.node(link).id, kNoNode, kNoNode};
    const SealRequest request{path,     fleet.node(fleet.self).id, kNoService, kEtherTypeSealed, kGeneveControl, 0,
                              raw(link)};
    if (!seal_alone(m, request, link, lcore, now)) {
        rte_pktmbuf_free(m);  // the key was taken away just now
        return;
    }
    if (!note.mtu.in_doubt(probe.size)) {
        lcore.shared.links.counters(lcore.index, link).count_sent(m->data_len);
    }
    ++lcore.counters.made;
    send_made(m, path_out.neighbor, path_out.port, lcore, now);
}

// The MTU probe that this keep-alive is to be, if it is one; the scheduler thread is told what the last ones showed.
PathMtu::Probe LinkKeeper::next_probe(NodeSlot link, Note& note, LcoreState& lcore, Instant now) noexcept {
    const LinkCell& cell = lcore.shared.links.cell(link);
    if (cell.down.load(std::memory_order_relaxed) != 0) {
        return {};
    }
    const LinkTemplate& path_out = lcore.sender.link(link);
    const std::size_t room = rte_pktmbuf_data_room_size(lcore.shared.pool) - RTE_PKTMBUF_HEADROOM - kTagLength;
    const std::size_t inner = std::min<std::size_t>(path_out.inner_mtu, room);
    note.mtu.set_most(static_cast<std::uint16_t>(inner + overlay_overhead(path_out.underlay)), now);
    const Nanos since_echoed{low_clock(now) - cell.echo_told.load(std::memory_order_relaxed)};
    note.mtu.heard(cell.probe_told.load(std::memory_order_relaxed), now - since_echoed, now);
    const PathMtu::Probe probe = note.mtu.next(now);
    if (note.mtu.known_size() != note.mtu_told) {
        note.mtu_told = note.mtu.known_size();
        LinkReport out;
        out.kind = LinkReportKind::mtu;
        out.link = link;
        out.at = now;
        out.mtu = {note.mtu_told, note.mtu.shrunk()};
        lcore.receiver.report(out);
    }
    return probe;
}

Nanos LinkKeeper::detection_time(const LinkCell& cell, LinkSilence& silence, Instant now) const noexcept {
    const auto stamp = static_cast<std::uint32_t>(cell.echo.load(std::memory_order_relaxed) >> 32);
    silence.take(Instant{Nanos{cell.last_heard.load(std::memory_order_relaxed)}}, stamp, own_, now);
    return silence.limit(Nanos{cell.peer_interval.load(std::memory_order_relaxed)} *
                         cell.peer_multiplier.load(std::memory_order_relaxed));
}

// What the scheduler thread has to say to the peers of the lcore's own links.
void LinkKeeper::send_handshakes(LcoreState& lcore, const Fleet& fleet, Instant now) noexcept {
    HandshakeParcel parcel;
    while (lcore.security.to_send->pop(parcel)) {
        LinkTemplate& path_out = lcore.sender.link(parcel.link);
        rte_mbuf* const m = path_out.port == kNoPort ? nullptr : rte_pktmbuf_alloc(lcore.shared.pool);
        if (m == nullptr) {
            ++lcore.counters.answers_lost;
            continue;
        }
        std::memcpy(rte_pktmbuf_append(m, sizeof parcel.message), &parcel.message, sizeof parcel.message);
        Path path;
        path.segments = {fleet.node(parcel.link).id, kNoNode, kNoNode};
        seal_handshake(
            m, {path, fleet.node(fleet.self).id, kNoService, kEtherTypeSealed, kGeneveControl, 0, raw(parcel.link)},
            parcel.link, lcore, now);
        ++lcore.counters.made;
        send_made(m, path_out.neighbor, path_out.port, lcore, now);
    }
}

// Whether the peer does not hear us. After a pause that it did not expect it may say so of what is over.
bool LinkKeeper::unheard(const LinkCell& cell, Instant now) const noexcept {
    return now - own_.surprised_peers() > LinkSilence::kLongestStretch &&
           (cell.deaf.load(std::memory_order_relaxed) != 0 ||
            cell.unheard.load(std::memory_order_relaxed) >= kUnheardForDown);
}

void LinkKeeper::judge(NodeSlot link, Note& note, LcoreState& lcore, Instant now) noexcept {
    LinkCell& cell = lcore.shared.links.cell(link);
    const std::uint32_t heard = cell.keep_alives.load(std::memory_order_relaxed);
    const Nanos detection = detection_time(cell, note.silence, now);
    cell.detection.store(detection.count(), std::memory_order_relaxed);
    const bool deaf = heard == 0 || note.silence.silent(own_, now) > detection;
    const bool silent = deaf || unheard(cell, now);
    note.deaf = deaf;
    if (cell.down.load(std::memory_order_relaxed) != 0) {
        if (silent || !echoes_since(cell, note.down_at, now)) {
            note.heard_at_down = heard;
        } else if (heard - note.heard_at_down >= kHeardForUp) {
            cell.down.store(0, std::memory_order_relaxed);
            note.window_start = Instant{};
            note.mtu.restart(now);
            report_change(LinkReportKind::up, link, lcore.receiver, now);
        }
        return;
    }
    if (silent && now >= judge_from_) {
        cell.down.store(1, std::memory_order_relaxed);
        if (deaf) {
            note.silence.alarm();
        }
        note.down_at = now;
        note.next_send = now;  // the peer is told at once
        note.heard_at_down = heard;
        report_change(LinkReportKind::down, link, lcore.receiver, now);
        return;
    }
    close_window(link, note, lcore, now);
}

void LinkKeeper::close_window(NodeSlot link, Note& note, LcoreState& lcore, Instant now) noexcept {
    if (now - note.window_start < kLossWindow) {
        return;
    }
    const SharedLinks& links = lcore.shared.links;
    // Both as of the newest keep-alive: what came after it is not in the peer's count.
    const std::uint64_t sent = links.cell(link).peer_sent.load(std::memory_order_relaxed);
    const std::uint64_t received = links.cell(link).received_then.load(std::memory_order_relaxed);
    const std::uint64_t reordered = links.total(link, &LinkCounters::reordered);
    if (note.window_start != Instant{} && sent >= note.window_sent) {
        LinkReport out;
        out.kind = LinkReportKind::loss;
        out.link = link;
        out.at = now;
        out.loss = {sent - note.window_sent, received - note.window_received, reordered - note.window_reordered};
        lcore.receiver.report(out);
    }
    note.window_start = now;
    note.window_sent = sent;
    note.window_received = received;
    note.window_reordered = reordered;
}

void LinkKeeper::report_traffic(NodeSlot link, Note& note, LcoreState& lcore, Instant now) const noexcept {
    if (!note.traffic.is_due(now)) {
        return;
    }
    const std::uint64_t bytes = lcore.shared.links.total(link, &LinkCounters::sent_bytes);
    if (const auto window = note.traffic.close(bytes, config_.capacity, now)) {
        LinkReport out;
        out.kind = LinkReportKind::traffic;
        out.link = link;
        out.at = now;
        out.traffic = *window;
        lcore.receiver.report(out);
    }
}

}  // namespace izar
