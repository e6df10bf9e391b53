// link_receiver.h -- LinkReceiver: what one lcore notes of every overlay packet it receives.
//
// Thread: one lcore. Gathers RTT samples per link and hands a report to the scheduler thread at most
//         once a millisecond and link, so that a fast link cannot fill the ring.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "dataplane/base/limits.h"
#include "dataplane/links/shared_links.h"
#include "dataplane/wire/overlay.h"
#include "probes/link_report_ring.h"
#include "probes/rtt_histogram.h"

namespace izar {

class LinkReceiver {
  public:
    LinkReceiver(LcoreIndex lcore, SharedLinks& links, LinkReportRing& reports)
        : lcore_(lcore),
          links_(links),
          reports_(reports),
          notes_(std::make_unique<Note[]>(kMaxNodes)),
          histograms_(std::make_unique<RttHistogram[]>(kMaxNodes)) {}

    // Notes authenticated packets of the peer in `slot`, at least one, in order of arrival: life, echo, packet numbers,
    // RTT. Those of a burst together: the words of the link are then written once, not once a packet.
    void note(NodeSlot slot, std::span<const OverlayHeader* const> headers, Instant now) noexcept;
    // Forgets packet numbers of a peer that has started anew.
    void restart(NodeSlot slot) noexcept { notes_[raw(slot)].newest.fill(0); }
    // Puts a report of another kind on the ring.
    void report(const LinkReport& report) noexcept;
    std::uint64_t lost_reports() const noexcept { return lost_; }
    // RTT samples of a link since start. Any thread reads.
    const RttHistogram& histogram(NodeSlot slot) const noexcept { return histograms_[raw(slot)]; }

  private:
    struct Note {
        std::array<std::uint64_t, kMaxLcores> newest{};  // highest packet number of each sending lcore
        std::int64_t least_ns = 0;
        std::int64_t sum_ns = 0;
        std::uint32_t samples = 0;
        Instant last_report{};
    };
    static std::uint64_t note_numbers(Note& note, std::span<const OverlayHeader* const> headers) noexcept;
    void sample(NodeSlot slot, Note& note, Nanos rtt, std::uint32_t times, Instant now) noexcept;

    LcoreIndex lcore_;
    SharedLinks& links_;
    LinkReportRing& reports_;
    std::unique_ptr<Note[]> notes_;
    std::unique_ptr<RttHistogram[]> histograms_;
    std::uint64_t lost_ = 0;
};

}  // namespace izar
