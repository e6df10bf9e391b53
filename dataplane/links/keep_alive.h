// keep_alive.h -- The control packets of links: reading those that come, sending our own, judging silence.
//
// Thread: any lcore reads; the owner lcore of a link (slot % lcores) sends and judges.
//
// A link starts down, comes up when three keep-alives of the peer were heard, and goes down when the peer was silent
// for multiplier x interval, both as the peer told them. The interval told is one that the sender can keep: an lcore
// that is held up tells a longer one for a while, and its own pauses are no silence of others (probes/own_pauses.h).
// Where keep-alives come unevenly all the same (a jittery path) the detection time stretches (probes/link_silence.h).
//
// A link is down as well while the peer does not hear us. It says so by a flag of its keep-alives, the first of which
// it sends when it judges, so that one dead direction is left a travel time after it was noticed. t_hold tells the same
// of a peer that cannot judge; its detection time may be stretched, so there only silence beyond any stretch counts.
// A link that went down comes up by keep-alives that echo what was sent since: what the peer said before it heard of
// the change, a flag among it, would let the link fall once more.
//
// Now and then a keep-alive is padded to the size that the link is known to carry, or is asked for (probes/path_mtu.h):
// large packets that vanish on a link whose small ones arrive lower its MTU, and the scheduler thread is told.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "dataplane/config/edge_config.h"
#include "dataplane/lcore/verdict.h"
#include "dataplane/links/shared_links.h"
#include "dataplane/tables/published.h"
#include "dataplane/wire/overlay.h"
#include "probes/link_silence.h"
#include "probes/own_pauses.h"
#include "probes/path_mtu.h"
#include "probes/traffic_window.h"

namespace izar {

struct LcoreState;

inline constexpr std::uint32_t kHeardForUp = 3;  // keep-alives
// Keep-alives in a row: one alone may be from a peer that slept and has not read yet what came meanwhile.
inline constexpr std::uint8_t kUnheardForDown = 2;
inline constexpr Nanos kRowInterval = std::chrono::seconds{1};
// In which a row of several parts is told to a peer once: a half of what readers take for its life
// (Mesh::kRowLifetime).
inline constexpr Nanos kLongRowTime = std::chrono::milliseconds{2500};
static_assert(keep_alive_length(kMaxRowItems) + overlay_overhead(Family::ipv6) <= PathMtu::kLeast,
              "the longest keep-alive fits every link");
inline constexpr Nanos kLossWindow = std::chrono::milliseconds{100};

// Reads the control message of an authenticated packet, with its overlay header, of the peer in `from`: keep_alive or
// control_malformed.
Verdict read_control(std::span<const std::uint8_t> message, const OverlayHeader& header, NodeSlot from,
                     LcoreState& lcore, Instant now) noexcept;

class LinkKeeper {
  public:
    explicit LinkKeeper(const LinkConfig& config)
        : config_(config), notes_(std::make_unique<Note[]>(kMaxNodes)), own_(config.interval, config.multiplier) {}

    // Sends what is due on the lcore's own links and judges them. Call at least every half interval; cheap if
    // called earlier than kTick after the last time.
    void tick(LcoreState& lcore, const Published& published, Instant now) noexcept;

    // Silence after which any peer takes this node for dead, whatever it has seen and our keep-alives have told; in ns.
    Nanos own_detection() const noexcept {
        return std::max(config_.interval * config_.multiplier, LinkSilence::kLongestStretch);
    }
    // What of it the peers are told now.
    Nanos promised() const noexcept { return own_.promised(); }

  private:
    static constexpr Nanos kTick = std::chrono::microseconds{500};
    // Many links are looked at in turns, each every 2 ms: what is known of a thousand fills no cache near the core.
    static constexpr std::size_t kLinksATick = 64;
    static constexpr std::size_t kTicksARound = 4;
    struct Note {
        Instant next_send{};
        Instant row_sent{};
        std::uint64_t row_version = 0;
        std::size_t row_part = 0;  // of the own row, that this peer is told next
        LinkSilence silence;
        bool deaf = true;                 // we hear nothing of the peer
        std::uint32_t heard_at_down = 0;  // cell.keep_alives that do not count for coming up again
        Instant down_at{};                // when the link went down
        Instant window_start{};
        std::uint64_t window_sent = 0;      // the peer's counter at the start of the loss window
        std::uint64_t window_received = 0;  // ours
        std::uint64_t window_reordered = 0;
        PathMtu mtu;
        std::uint16_t mtu_told = 0;  // to the scheduler thread
        TrafficWindow traffic;
    };
    static std::span<const RowItem> row_part(const OwnRow& row, Note& note, Instant now) noexcept;
    void send(NodeSlot link, Note& note, LcoreState& lcore, const Published& published, Instant now) noexcept;
    void send_handshakes(LcoreState& lcore, const Fleet& fleet, Instant now) noexcept;
    static PathMtu::Probe next_probe(NodeSlot link, Note& note, LcoreState& lcore, Instant now) noexcept;
    void judge(NodeSlot link, Note& note, LcoreState& lcore, Instant now) noexcept;
    Nanos detection_time(const LinkCell& cell, LinkSilence& silence, Instant now) const noexcept;
    bool unheard(const LinkCell& cell, Instant now) const noexcept;
    void close_window(NodeSlot link, Note& note, LcoreState& lcore, Instant now) noexcept;
    void report_traffic(NodeSlot link, Note& note, LcoreState& lcore, Instant now) const noexcept;

    LinkConfig config_;
    std::unique_ptr<Note[]> notes_;
    std::size_t next_ = 0;  // own link to be looked at
    Instant last_tick_{};
    Instant judge_from_{};  // no link is judged before its peer could have been heard; 0: there was no tick yet
    OwnPauses own_;
};

}  // namespace izar
