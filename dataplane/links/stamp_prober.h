// stamp_prober.h -- StampProber: sends this node's STAMP sessions (RFC 8762) and measures by what comes back.
//
// Thread: lcore 0. Sessions of edge.yaml are there from the beginning, those of izar-agent come by a ring. Answers are
//         received by any lcore (stages/reflect_probes.h) and found on the StampBoard.
//
// Why an lcore sends them and no socket: as it reflects them, docs/decisions/0014-lcores-reflect-probes.md.
#pragma once

#include <array>
#include <memory>
#include <span>

#include "dataplane/base/types.h"
#include "probes/stamp_board.h"
#include "probes/stamp_ring.h"

namespace izar {

struct LcoreState;

class StampProber {
  public:
    static constexpr Nanos kPatience = std::chrono::seconds{1};  // for an answer; less than StampSender can count
    static constexpr Nanos kWindow = std::chrono::minutes{1};    // of the measurement of a session without end
    static constexpr Nanos kTellInterval = std::chrono::seconds{1};
    static_assert(StampSession::kLeastInterval * StampSender::kUnderWay > kPatience);

    // At most kMaxStampSessions `configured` ones. `self` is every probe's session (StampReflector::self).
    StampProber(NodeId self, StampBoard& board, StampSessionRing& wanted, StampReportRing& reports,
                std::span<const StampSession> configured);

    // Sends what is due and looks for answers. Call every round; cheap if called earlier than kTick after the last
    // time.
    void tick(LcoreState& lcore, Instant now) noexcept;

  private:
    static constexpr Nanos kTick = std::chrono::milliseconds{1};
    struct Running {
        StampSession session;
        StampSender sender{0, kPatience};
        bool active = false;
        Instant next_send{};
        Instant window_begun{};
        Instant told{};
    };
    bool begin(const StampSession& session) noexcept;
    void refuse(const StampSession& session) noexcept;
    void serve(std::size_t slot, Running& running, LcoreState& lcore, Instant now) noexcept;
    void tell(std::size_t slot, Running& running, Instant now) noexcept;
    bool is_over(const Running& running) const noexcept;

    NodeId self_;
    StampBoard& board_;
    StampSessionRing& wanted_;
    StampReportRing& reports_;
    std::unique_ptr<std::array<Running, kMaxStampSessions>> running_;
    std::size_t active_ = 0;
    Instant last_tick_{};
};

}  // namespace izar
