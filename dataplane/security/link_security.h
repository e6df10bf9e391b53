// link_security.h -- LinkSecurity: sessions and keys of all links, from handshakes to what lcores read.
//
// Thread: the scheduler thread. Lcores meet it in the HandshakeRings and in LinkKeys only.
//
// A link has up to four sessions: the one in force, a former one that is still accepted for kOldEpochAccepted, and for
// each of two process lives of the peer one that we answered for and that no packet has confirmed yet. When one of
// those is confirmed it comes into force; if it is of a new process life, everything of the former one is dropped at
// that moment. Nothing here asks a controller, and nothing expires because none is there.
//
// A link's former secret (secrets.h) is for a peer that does not have the first one yet: handshakes under it are
// answered until a session under the first is in force, from then on never again. While the session in force is under
// the former one, the first goes on being tried. What was agreed under a secret that is not accepted any more cannot
// come into force; of a session that is, packets are taken for kOldEpochAccepted.
//
// Epochs go on without a message (key_schedule.h), so an end that hears nothing for two of them knows none of its
// peer's keys any more. A link that was silent for kLinkSilence (or three intervals, of a peer that speaks seldom)
// therefore makes a new session beside the one it has, and goes on trying until there is one: what made the
// silence does not matter, a cut, a loss in one direction or a process that stood still.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/base/types.h"
#include "dataplane/security/aead.h"
#include "dataplane/security/handshake.h"
#include "dataplane/security/handshake_ring.h"
#include "dataplane/security/key_schedule.h"
#include "dataplane/security/link_keys.h"
#include "dataplane/security/secrets.h"
#include "dataplane/tables/fleet.h"
#include "dataplane/tables/publisher.h"

namespace izar {

inline constexpr Nanos kLinkSilence = std::chrono::seconds{15};
inline constexpr int kSilentIntervals = 3;
static_assert(kLinkSilence * 4 < kRekeyAfter, "a new session is tried long before the old one's keys are lost");

class LinkSecurity {
  public:
    static constexpr std::size_t kParcelsARound = 64;  // of each ring
    static constexpr std::size_t kLinksARound = 128;   // looked at for time and use
    // Messages a second of all links that may be read in vain, at some 0.1 ms each 2 % of a core. Only who sees a link
    // can make such: its messages sent again have a mark that is right.
    static constexpr std::uint32_t kMostFailures = 200;

    // How many packets this node has sent on a link in this process life.
    using SentPackets = std::function<std::uint64_t(NodeSlot)>;
    // When the newest authentic packet of a link came, and the peer's interval between keep-alives as far as it is
    // known.
    struct Heard {
        Instant last{};
        Nanos interval{};
    };
    using HeardPeer = std::function<Heard(NodeSlot)>;
    struct Parts {
        HandshakeSelf self;
        LinkKeys& keys;
        Aead& aead;  // this thread's
        Publisher& publisher;
        std::vector<HandshakeRing*> received;  // one for each lcore
        std::vector<HandshakeRing*> to_send;   // likewise
        SentPackets sent;
        HeardPeer heard;
        RandomFill random;
    };
    explicit LinkSecurity(Parts parts);
    ~LinkSecurity();

    // The fleet and the secrets in force. Links to nodes that are gone, or that have no secret any more, lose their
    // keys at once. A link whose first secret changed makes a new session while the old one goes on.
    void set_fleet(const Fleet& fleet);
    void replace(LinkSecrets secrets);

    // One round; returns whether there was anything to do.
    bool do_work(const OnSched& thread, Instant now);

    std::uint64_t handshakes() const noexcept { return handshakes_; }  // sessions made
    std::uint64_t refused() const noexcept { return refused_; }        // messages that were not answered

  private:
    struct LiveSession;
    struct Link;
    struct Buried {
        std::uint64_t token;
        std::shared_ptr<void> rest;
    };
    bool read_parcels(const OnSched& thread, Instant now);
    void take(const OnSched& thread, NodeSlot slot, const HandshakeMessage& message, Instant now);
    void review(const OnSched& thread, NodeSlot slot, Instant now);
    void confirm(const OnSched& thread, NodeSlot slot, Link& link, Instant now);
    bool is_silent(NodeSlot slot, const LiveSession& session, Instant now) const;
    void follow_epochs(const OnSched& thread, NodeSlot slot, Link& link, Instant now);
    void bring_into_force(const OnSched& thread, NodeSlot slot, Link& link, std::unique_ptr<LiveSession> session,
                          Instant now);
    std::unique_ptr<LiveSession> make_session(NodeSlot slot, const Session& session, Instant now);
    void install_receive(NodeSlot slot, LiveSession& session, std::size_t place);
    void install_send(const OnSched& thread, NodeSlot slot, Link& link);
    void drop(const OnSched& thread, NodeSlot slot, std::unique_ptr<LiveSession>& session);
    void drop_all(const OnSched& thread, NodeSlot slot, Link& link);
    void bury(const OnSched& thread, std::shared_ptr<void> rest);
    AcceptedSecrets accepted_on(const Link& link) const;
    void accept(const OnSched& thread, NodeSlot slot, Link& link, const AcceptedSecrets& accepted);
    void judge_former(const OnSched& thread, NodeSlot slot, Link& link, Instant now);
    void install_marks(const OnSched& thread, NodeSlot slot, Link& link);
    void send(NodeSlot slot, const Link& link, HandshakeMessage message, const Secret& under);
    bool may_fail(Instant now) noexcept;
    void follow_fleet(const OnSched& thread);
    void apply_secrets(const OnSched& thread, Instant now);
    static std::uint8_t in_use(const Link& link) noexcept;

    Parts parts_;
    LinkSecrets secrets_;
    std::vector<std::unique_ptr<Link>> links_;  // by slot; null: no such peer
    // Of every peer there was in this process life: what was attempted and answered is known when it comes back.
    std::map<NodeId, Handshake> handshakes_with_;
    std::vector<NodeId> peers_;  // by slot, as the fleet has them
    std::vector<Buried> buried_;
    bool changed_ = false;   // fleet or secrets, since the last round
    std::size_t slots_ = 0;  // of the fleet
    std::size_t next_link_ = 0;
    std::uint64_t handshakes_ = 0;
    std::uint64_t refused_ = 0;
    std::uint32_t failures_ = 0;  // messages read in vain since failures_since_
    Instant failures_since_{};
};

}  // namespace izar
