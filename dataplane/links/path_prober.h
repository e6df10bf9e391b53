// path_prober.h -- PathProber: probes that go along the paths in use to their ends and back, and what they show.
//
// Thread: any lcore reads probes and answers; the owner lcore of a destination (slot % lcores) asks and judges.
//
// Links tell what two neighbours think of each other; a relay that keeps its links alive and forwards nothing shows
// only on the path (probes/path_watch.h). Probed are paths with a relay: of each policy in force the primary and its
// backup, at most kPathWatches to a destination, once a second and at once when they change. A path that is dead is
// reported as long as it is, and probed on when it is no longer in use, so that it is not taken up again before it
// carries. What is measured goes to the scheduler thread as reports of kind `path`.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "dataplane/lcore/verdict.h"
#include "dataplane/links/shared_links.h"
#include "dataplane/tables/published.h"
#include "dataplane/wire/overlay.h"
#include "probes/path_watch.h"

namespace izar {

struct LcoreState;

// Reads the control message of an authenticated packet of the peer in `from`, if it is a path probe at its path's end:
// answers it over the link it came by, or notes the answer. path_probe or control_malformed.
Verdict read_path_probe(std::span<const std::uint8_t> message, NodeSlot from, LcoreState& lcore,
                        const Published& published, Instant now) noexcept;

class PathProber {
  public:
    PathProber() : watched_(std::make_unique<Watched[]>(kMaxNodes * kPathWatches)) {}

    // Sends what is due and judges. Call as often as LinkKeeper::tick; cheap if called earlier than kTick after the
    // last time.
    void tick(LcoreState& lcore, const Published& published, Instant now) noexcept;

  private:
    static constexpr Nanos kTick = std::chrono::milliseconds{1};
    static constexpr std::size_t kTicksARound = 20;  // in which every destination is looked at
    struct Watched {
        Path path;  // length 0: none
        PathWatch watch;
        bool wanted = false;
        Instant told{};  // when it was last reported dead
    };
    std::span<Watched, kPathWatches> of(NodeSlot slot) noexcept {
        return std::span<Watched, kPathWatches>{&watched_[raw(slot) * kPathWatches], kPathWatches};
    }
    void note_policies(const Published& published) noexcept;
    void look_at(NodeSlot slot, LcoreState& lcore, const Published& published, Instant now) noexcept;
    void want_paths(NodeSlot slot, const Published& published, const SharedLinks& links, Instant now) noexcept;
    static void want(std::span<Watched, kPathWatches> watched, const Path& path, Instant now) noexcept;
    static void review(NodeSlot slot, std::size_t index, Watched& watched, LcoreState& lcore, Instant now) noexcept;
    static void send(NodeSlot slot, std::size_t index, Watched& watched, LcoreState& lcore, const Published& published,
                     Instant now) noexcept;

    std::unique_ptr<Watched[]> watched_;  // by slot of the far end, kPathWatches each
    std::array<bool, kMaxPolicies> in_force_{};
    const ServiceTable* services_ = nullptr;  // that in_force_ is of
    std::size_t next_ = 0;                    // slot to be looked at
    Instant last_tick_{};
    Instant last_call_{};
};

}  // namespace izar
