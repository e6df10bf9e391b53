// handshake.h -- Handshake: one link's agreement on fresh keys, as a state machine of messages and time.
//
// Thread: the scheduler thread. Pure: messages, `now` and random bytes come in, messages and sessions come out.
//
// An object lasts as long as the process, whether or not the peer is in the fleet: attempts must not be counted anew,
// nor answered ones be forgotten.
//
// Either end begins when it has no session, or one under a secret that is no longer the first. Two messages later both
// have a session: one secret for each direction, mixed from the link's secret, both ephemeral keys and both boot ids.
//   - A message that does not authenticate is dropped in silence: a stranger gets no answer, and is turned away before
//     any key agreement is computed.
//   - Message 1 can be recorded and sent again. Each is answered once at most: per process life of the peer the attempt
//     must grow, and a message for a former life of ours is refused. An answer changes nothing by itself: the
//     responder's session becomes the link's only when a packet under it has come, which a replayer cannot make.
//   - Both begin at once: the node with the lower id goes on, its peer answers.
//   - Lost messages are repeated with back-off, each time as a new attempt with a new ephemeral key. Where a link has
//     no session that works, every other one is under its second secret, for a peer that does not have the first.
//   - At most kMostAnswers a second are given. What does not authenticate or was answered before is not counted here,
//   so
//     that nobody without the secret can use them up: lcores (handshake_mark.h) and LinkSecurity bound what that costs.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "dataplane/base/types.h"
#include "dataplane/security/key_schedule.h"
#include "dataplane/security/noise.h"
#include "dataplane/security/secrets.h"
#include "dataplane/wire/handshake_message.h"

namespace izar {

// Fills bytes with randomness fit for keys (main gives RAND_bytes, tests a seeded generator).
using RandomFill = std::function<void(std::span<std::uint8_t>)>;

inline constexpr Nanos kFirstRetry = std::chrono::milliseconds{500};
inline constexpr Nanos kLongestRetry = std::chrono::seconds{4};
inline constexpr std::uint32_t kMostAnswers = 20;  // a second, and at once after a quiet second

// This node, as it presents itself on all its links.
struct HandshakeSelf {
    NodeId node = kNoNode;
    BootId boot{};
    std::uint8_t lcores = 1;
};

// What a handshake gives.
struct Session {
    Secret send;
    Secret receive;
    std::uint8_t number = 0;
    BootId peer_boot{};
    std::uint8_t peer_lcores = 1;
    bool initiator = false;  // may send at once; the responder waits for the initiator's first packet
    Secret under;            // the link secret it was agreed under
};

enum class HandshakeRead : std::uint8_t {
    answered,     // message 1: `answer` is to be sent, `session` may be received under
    established,  // message 2: `session` is there
    malformed,
    rate,       // too many in too short a time
    stranger,   // does not authenticate
    replayed,   // a message 1 that was answered before, or was meant for a former life
    collision,  // our own attempt goes first
    unexpected  // a message 2 without an attempt
};

struct HandshakeOutcome {
    HandshakeRead read = HandshakeRead::malformed;
    std::optional<HandshakeMessage> answer;
    std::optional<Session> session;
};

// The secrets that attempts are made under.
enum class Under : std::uint8_t { first, any };

class Handshake {
  public:
    Handshake(const HandshakeSelf& self, NodeId peer) noexcept : self_(self), peer_(peer) {}

    // The secrets in force. An attempt under a former one is given up.
    void set_secrets(const AcceptedSecrets& secrets) noexcept;
    const AcceptedSecrets& secrets() const noexcept { return secrets_; }

    // Asks for a session: tick() begins at once and repeats until satisfied(). `any` once is `any` until then.
    void want(Instant now, Under under = Under::any) noexcept;
    // The link has a session that works in both directions.
    void satisfied(const BootId& peer_boot) noexcept;
    bool wanted() const noexcept { return wanted_; }
    // The peer has left the fleet: nothing is wanted, no secret is in force.
    void rest() noexcept;

    // Message 1, if it is time for one. `in_use` has a bit for each session number that this end still knows.
    std::optional<HandshakeMessage> tick(std::uint8_t in_use, Instant now, const RandomFill& random);
    // What the message that tick() gave is under.
    const Secret& begun_under() const noexcept { return attempt_->under; }
    // A message that came from the peer's address.
    HandshakeOutcome receive(ByteView message, std::uint8_t in_use, Instant now, const RandomFill& random);

  private:
    struct Attempt {
        Noise noise;
        Secret under;
        std::uint8_t in_use;
    };
    // The last attempt answered of one process life of the peer.
    struct Life {
        BootId boot{};
        std::uint64_t attempt = 0;
        std::uint64_t used = 0;  // when, in messages answered; 0: empty
    };
    static constexpr std::size_t kLives = 8;

    bool take_answer(Instant now) noexcept;
    Life* life_of(const BootId& boot) noexcept;
    bool is_replay(const HandshakePayload& payload) noexcept;
    void remember(const HandshakePayload& payload) noexcept;
    HandshakeOutcome read_first(const HandshakeMessage& message, std::uint8_t in_use, Instant now,
                                const RandomFill& random);
    HandshakeOutcome answer(Noise& noise, const Secret& under, const HandshakePayload& first, std::uint8_t in_use,
                            const RandomFill& random);
    HandshakeOutcome read_second(const HandshakeMessage& message);

    HandshakeSelf self_;
    NodeId peer_;
    AcceptedSecrets secrets_;
    BootId peer_boot_{};  // of the session in force
    std::array<Life, kLives> lives_{};
    std::uint64_t answers_ = 0;
    std::optional<Attempt> attempt_;
    std::uint64_t attempts_ = 0;  // of this process life
    bool wanted_ = false;
    Under wanted_under_ = Under::first;
    unsigned tries_ = 0;  // since wanted
    Nanos retry_ = kFirstRetry;
    Instant next_try_{};
    std::uint32_t answers_left_ = kMostAnswers;  // before the next refill
    Instant refilled_{};
};

}  // namespace izar
