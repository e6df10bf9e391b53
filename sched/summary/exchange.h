// exchange.h -- Who knows what: summaries sent as changes of the last one that the receiver acknowledged.
//
// A sender keeps what it sent and the receiver has not acknowledged yet, and the last one acknowledged. A change
// is always against an acknowledged summary, so a lost message costs nothing but its own content; a receiver that
// cannot use a message asks for a full one. Between summaries, critical changes travel at once (critical.h).
//
// Thread: one thread per object; the sender's summaries are shared with nobody.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/base/result.h"
#include "sched/summary/codec.h"

namespace izar {

// The sender's side of one receiver.
class SummarySender {
  public:
    // What the next summary should be based on (summarize_links): the acknowledged one, or null.
    const MeshSummary* base() const noexcept { return acknowledged_ ? &*acknowledged_ : nullptr; }

    // Gives the summary the next generation and returns the shorter of change and full message.
    std::vector<std::uint8_t> send(MeshSummary summary);

    // The receiver has this generation. Unknown and older ones are ignored: acknowledgements may be late or double.
    void on_acknowledged(std::uint32_t generation);
    // The receiver lost its way (gap, restart, damage): the next message is a full one.
    void on_resync() noexcept;

  private:
    // More unacknowledged summaries than this are not kept: the receiver is away, the oldest go.
    static constexpr std::size_t kMaxInFlight = 4;

    std::uint32_t generation_ = 0;
    std::optional<MeshSummary> acknowledged_;
    std::deque<MeshSummary> in_flight_;
};

class SummaryReceiver {
  public:
    explicit SummaryReceiver(DecodeLimits limits = {}) : limits_(limits) {}

    // Applies a message and returns the generation to acknowledge; an error means: ask for a full one. Messages
    // older than what is here are acknowledged by what is here and change nothing.
    Result<std::uint32_t> receive(std::span<const std::uint8_t> bytes);

    // The newest summary received, or null.
    const MeshSummary* newest() const noexcept { return kept_.empty() ? nullptr : &kept_.back(); }

  private:
    // Summaries that a sender may still use as base: one more than it keeps in flight.
    static constexpr std::size_t kMaxKept = 5;

    DecodeLimits limits_;
    std::deque<MeshSummary> kept_;  // ascending generations
};

}  // namespace izar
