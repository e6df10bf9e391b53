#include "tools/probe/arrival_history.h"

namespace izar::probe {

void ArrivalHistory::mark(std::uint64_t sequence) noexcept {
    if (sequence > newest_) {
        const std::uint64_t step = sequence - newest_;
        arrived_ = step < kHistoryProbes ? arrived_ << step : std::bitset<kHistoryProbes>{};
        newest_ = sequence;
    }
    if (newest_ - sequence < kHistoryProbes) {
        arrived_.set(newest_ - sequence);
    }
}

void ArrivalHistory::write_to(ProbePacket& packet) const noexcept {
    packet.newest = Be64{newest_};
    for (std::size_t word = 0; word < kHistoryWords; ++word) {
        std::uint64_t bits = 0;
        for (std::size_t bit = 0; bit < 64; ++bit) {
            bits |= std::uint64_t{arrived_[word * 64 + bit]} << bit;
        }
        packet.history[word] = Be64{bits};
    }
}

ArrivalHistory& RunHistories::of_run(std::uint64_t run) noexcept {
    for (Entry& entry : entries_) {
        if (entry.run == run) {
            return entry.history;
        }
    }
    Entry& oldest = entries_[next_++ % entries_.size()];
    oldest = {run, {}};
    return oldest.history;
}

}  // namespace izar::probe
