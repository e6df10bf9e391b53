// exchange.cc -- Bookkeeping of generations.
#include "sched/summary/exchange.h"

#include <algorithm>

namespace izar {

std::vector<std::uint8_t> SummarySender::send(MeshSummary summary) {
    summary.generation = ++generation_;
    auto bytes = encode_full(summary);
    if (acknowledged_)
        if (auto delta = encode_delta(*acknowledged_, summary); delta && delta->size() < bytes.size())
            bytes = std::move(*delta);
    in_flight_.push_back(std::move(summary));
    if (in_flight_.size() > kMaxInFlight)
        in_flight_.pop_front();
    return bytes;
}

void SummarySender::on_acknowledged(std::uint32_t generation) {
    const auto found = std::find_if(in_flight_.begin(), in_flight_.end(),
                                    [&](const MeshSummary& summary) { return summary.generation == generation; });
    if (found == in_flight_.end())
        return;
    acknowledged_ = std::move(*found);
    in_flight_.erase(in_flight_.begin(), found + 1);
}

void SummarySender::on_resync() noexcept {
    acknowledged_.reset();
    in_flight_.clear();
}

Result<std::uint32_t> SummaryReceiver::receive(std::span<const std::uint8_t> bytes) {
    const auto header = read_header(bytes);
    if (!header)
        return tl::unexpected(header.error());
    if (header->message == SummaryMessage::delta && !kept_.empty() && header->generation <= kept_.back().generation)
        return kept_.back().generation;
    const auto base = std::find_if(kept_.begin(), kept_.end(),
                                   [&](const MeshSummary& summary) { return summary.generation == header->base; });
    auto summary = decode_summary(bytes, base == kept_.end() ? nullptr : &*base, limits_);
    if (!summary)
        return tl::unexpected(summary.error());
    const bool delta = header->message == SummaryMessage::delta;
    // A full one starts anew: also from a sender that itself was started anew and counts from 1 again.
    if (!delta && !kept_.empty() && summary->generation <= kept_.back().generation)
        kept_.clear();
    // What is older than a base is never a base again; the base itself stays for as long as it is used.
    if (delta)
        kept_.erase(kept_.begin(), base);
    kept_.push_back(std::move(*summary));
    if (kept_.size() > kMaxKept)
        kept_.erase(kept_.begin() + (delta ? 1 : 0));
    return kept_.back().generation;
}

}  // namespace izar
