#include "dataplane/links/link_receiver.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace izar {
namespace {

constexpr Nanos kReportInterval = std::chrono::milliseconds{1};

// Whether two packets of one peer echo the same of us at the same time: then they tell the same RTT.
bool same_echo(const OverlayHeader& a, const OverlayHeader& b) noexcept {
    constexpr std::size_t kEcho = sizeof a.t_echo + sizeof a.t_hold;
    static_assert(offsetof(OverlayHeader, t_hold) == offsetof(OverlayHeader, t_echo) + sizeof a.t_echo);
    return std::memcmp(&a.t_echo, &b.t_echo, kEcho) == 0;
}

}  // namespace

void LinkReceiver::note(NodeSlot slot, std::span<const OverlayHeader* const> headers, Instant now) noexcept {
    LinkCell& cell = links_.cell(slot);
    cell.last_heard.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    cell.echo.store(std::uint64_t{headers.back()->t_tx.value()} << 32 | low_clock(now), std::memory_order_relaxed);

    LinkCounters& counters = links_.counters(lcore_, slot);
    counters.count(&LinkCounters::received, headers.size());
    Note& note = notes_[raw(slot)];
    const std::uint64_t reordered = note_numbers(note, headers);
    if (reordered != 0) {
        counters.count(&LinkCounters::reordered, reordered);
    }
    // A peer stamps all that it sends in one round alike, so most of a burst is the same sample again.
    for (std::size_t at = 0; at < headers.size();) {
        const OverlayHeader& first = *headers[at];
        std::uint32_t times = 1;
        while (at + times < headers.size() && same_echo(first, *headers[at + times])) {
            ++times;
        }
        const Nanos rtt = rtt_sample(first, now);
        if (rtt >= Nanos{0}) {
            sample(slot, note, rtt, times, now);
        }
        at += times;
    }
}

// Takes the packet numbers; returns how many came behind a higher one.
std::uint64_t LinkReceiver::note_numbers(Note& note, std::span<const OverlayHeader* const> headers) noexcept {
    std::uint64_t reordered = 0;
    for (const OverlayHeader* const header : headers) {
        const std::uint64_t number = header->packet_number.value();
        std::uint64_t& newest = note.newest[(number >> kPacketNumberLcoreShift) % kMaxLcores];
        reordered += number < newest ? 1 : 0;
        newest = std::max(newest, number);
    }
    return reordered;
}

void LinkReceiver::sample(NodeSlot slot, Note& note, Nanos rtt, std::uint32_t times, Instant now) noexcept {
    histograms_[raw(slot)].add(rtt, times);
    note.least_ns = note.samples == 0 ? rtt.count() : std::min(note.least_ns, rtt.count());
    note.sum_ns += rtt.count() * times;
    note.samples += times;
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
