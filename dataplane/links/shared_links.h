// shared_links.h -- The words through which lcores share what they know of a link.
//
// Thread: one LinkCell per peer, shared by all lcores. Every word is relaxed: each is true by itself and
//         none orders another. The owner lcore of a link (slot % lcores) sends its keep-alives and alone
//         writes `down`; every lcore that hears the peer writes echo and last_heard.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/base/limits.h"
#include "dataplane/base/types.h"
#include "dataplane/links/duplicates.h"

namespace izar {

struct alignas(64) LinkCell {
    // The peer's t_tx (upper half) and our low clock when it arrived (lower half), one word so that
    // both are of the same packet. 0: nothing heard in this process life.
    std::atomic<std::uint64_t> echo{0};
    std::atomic<std::int64_t> last_heard{0};      // Instant of the newest packet of the peer, in ns
    std::atomic<std::int64_t> peer_interval{0};   // ns between the peer's keep-alives, 0 until told
    std::atomic<std::uint64_t> peer_sent{0};      // packets the peer said it sent to us, newest keep-alive
    std::atomic<std::uint64_t> received_then{0};  // packets of the peer that had come when it said so
    std::atomic<std::int64_t> detection{0};       // ns of silence that mean "down", jitter included; 0 until judged
    std::atomic<std::uint32_t> keep_alives{0};    // heard since the process started
    std::atomic<std::uint16_t> probe_heard{0};    // number of the peer's newest MTU probe that came, 0: none
    std::atomic<std::uint16_t> probe_told{0};     // number of our newest one that the peer heard, 0: none
    std::atomic<std::uint32_t> echo_told{0};      // t_echo of the keep-alive that told it
    std::atomic<std::uint8_t> peer_multiplier{0};
    std::atomic<std::uint8_t> unheard{0};  // keep-alives in a row by which the peer does not hear us; saturated
    std::atomic<std::uint8_t> deaf{0};     // 1: the peer's newest keep-alive says that it does not hear us
    std::atomic<std::uint8_t> down{1};     // 1: do not use; links start down until heard
};
static_assert(sizeof(LinkCell) == 64);

// One lcore's counters of one link: written by that lcore only, read by the link's owner lcore.
struct LinkCounters {
    std::atomic<std::uint64_t> sent{0};
    std::atomic<std::uint64_t> sent_bytes{0};  // of the same, as IP packets on the underlay
    std::atomic<std::uint64_t> received{0};
    std::atomic<std::uint64_t> reordered{0};

    void count(std::atomic<std::uint64_t> LinkCounters::*which, std::uint64_t n = 1) noexcept {
        auto& word = this->*which;
        word.store(word.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    void count_sent(std::uint16_t bytes) noexcept {
        count(&LinkCounters::sent);
        count(&LinkCounters::sent_bytes, bytes);
    }
};

class SharedLinks {
  public:
    // `seed` is random in each process life: where the numbers of packets that are sent twice begin.
    explicit SharedLinks(std::size_t lcores, std::uint64_t seed = 0)
        : cells_(kMaxNodes),
          path_answers_(kMaxNodes * kPathWatches),
          lcores_(lcores),
          counters_(std::make_unique<LinkCounters[]>(lcores * kMaxNodes)),
          duplicates_(seed) {}

    LinkCell& cell(NodeSlot link) noexcept { return cells_[raw(link)]; }
    const LinkCell& cell(NodeSlot link) const noexcept { return cells_[raw(link)]; }
    LinkCounters& counters(LcoreIndex lcore, NodeSlot link) noexcept {
        return counters_[raw(lcore) * kMaxNodes + raw(link)];
    }

    bool down(NodeSlot link) const noexcept { return cell(link).down.load(std::memory_order_relaxed) != 0; }
    Duplicates& duplicates() noexcept { return duplicates_; }
    // The newest answer to a path probe: its number (upper half), the path's RTT in ns (lower half). 0: none yet.
    std::atomic<std::uint64_t>& path_answer(NodeSlot far_end, std::size_t watch) noexcept {
        return path_answers_[raw(far_end) * kPathWatches + watch];
    }
    std::size_t lcores() const noexcept { return lcores_; }

    // Sum over all lcores of one counter of one link.
    std::uint64_t total(NodeSlot link, std::atomic<std::uint64_t> LinkCounters::*which) const noexcept {
        std::uint64_t sum = 0;
        for (std::size_t lcore = 0; lcore < lcores_; ++lcore) {
            sum += (counters_[lcore * kMaxNodes + raw(link)].*which).load(std::memory_order_relaxed);
        }
        return sum;
    }

  private:
    std::vector<LinkCell> cells_;
    std::vector<std::atomic<std::uint64_t>> path_answers_;  // [slot of the far end][watch]
    std::size_t lcores_;
    std::unique_ptr<LinkCounters[]> counters_;  // [lcore][slot]
    Duplicates duplicates_;
};

}  // namespace izar
