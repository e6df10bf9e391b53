#include "dataplane/links/link_receiver.h"

#include <algorithm>

namespace izar {
namespace {

constexpr Nanos kReportInterval = std::chrono::milliseconds{1};

}  // namespace

void LinkReceiver::note(NodeSlot slot, const OverlayHeader& header, Instant now) noexcept {
    LinkCell& cell = links_.cell(slot);
    cell.last_heard.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    cell.echo.store(std::uint64_t{header.t_tx.value()} << 32 | low_clock(now), std::memory_order_relaxed);

    LinkCounters& counters = links_.counters(lcore_, slot);
    counters.count(&LinkCounters::received);
    Note& note = notes_[raw(slot)];
    const std::uint64_t number = header.packet_number.value();
    std::uint64_t& newest = note.newest[(number >> kPacketNumberLcoreShift) % kMaxLcores];
    if (number < newest) {
        counters.count(&LinkCounters::reordered);
    }
    newest = std::max(newest, number);

    const Nanos rtt = rtt_sample(header, now);
    if (rtt >= Nanos{0}) {
        sample(slot, note, rtt, now);
    }
}

void LinkReceiver::sample(NodeSlot slot, Note& note, Nanos rtt, Instant now) noexcept {
    histograms_[raw(slot)].add(rtt);
    note.least_ns = note.samples == 0 ? rtt.count() : std::min(note.least_ns, rtt.count());
    note.sum_ns += rtt.count();
    ++note.samples;
    if (now - note.last_report < kReportInterval) {
        return;
    }
    LinkReport out;
    out.kind = LinkReportKind::rtt;
    out.link = slot;
    out.at = now;
    out.rtt = {Nanos{note.least_ns}, Nanos{note.sum_ns / note.samples}, note.samples};
    report(out);
    note.last_report = now;
    note.samples = 0;
    note.sum_ns = 0;
}

void LinkReceiver::report(const LinkReport& report) noexcept {
    if (!reports_.push(report)) {
        ++lost_;
    }
}

}  // namespace izar
