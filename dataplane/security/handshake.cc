#include "dataplane/security/handshake.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

#include "dataplane/base/check.h"
#include "dataplane/base/limits.h"

namespace izar {
namespace {

constexpr std::string_view kPrologueLabel = "izar link handshake 1";
constexpr std::string_view kSessionLabel = "izar session secret";
using Prologue = std::array<std::uint8_t, kPrologueLabel.size() + 4>;

// Both ends' ids are part of what is authenticated: with one secret for a whole fleet nobody can be led to a third.
Prologue prologue_of(NodeId initiator, NodeId responder) noexcept {
    Prologue out;
    std::memcpy(out.data(), kPrologueLabel.data(), kPrologueLabel.size());
    const std::array<Be16, 2> ids = {Be16{raw(initiator)}, Be16{raw(responder)}};
    std::memcpy(out.data() + kPrologueLabel.size(), ids.data(), sizeof ids);
    return out;
}

KeyPair fresh_pair(const RandomFill& random) {
    Secret secret;
    random(secret.writable());
    return key_pair_of(secret);
}

HandshakeMessage message_of(std::uint8_t number) noexcept {
    HandshakeMessage out{};
    out.kind = ControlKind::handshake;
    out.version = kControlVersion;
    out.length = Be16{sizeof(HandshakeMessage)};
    out.number = number;
    return out;
}

bool well_formed(const HandshakeMessage& message) noexcept {
    return message.kind == ControlKind::handshake && message.version == kControlVersion &&
           message.length.value() == sizeof(HandshakeMessage) && (message.number == 1 || message.number == 2);
}

ByteView bytes_of(const HandshakePayload& payload) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(&payload), sizeof payload};
}
std::span<std::uint8_t> writable(HandshakePayload& payload) noexcept {
    return {reinterpret_cast<std::uint8_t*>(&payload), sizeof payload};
}

// Noise derives keys from the secret and the ephemeral keys, and has hashed what was said besides: both boot ids are in
// the hash, so with it they enter the keys.
NoiseSecrets secrets_of(const Noise& noise) noexcept {
    std::array<std::uint8_t, kSessionLabel.size() + kHashLength> info;
    std::memcpy(info.data(), kSessionLabel.data(), kSessionLabel.size());
    std::memcpy(info.data() + kSessionLabel.size(), noise.transcript().data(), kHashLength);
    const NoiseSecrets split = noise.split();
    NoiseSecrets out;
    hkdf_expand(split.from_initiator, info, out.from_initiator.writable());
    hkdf_expand(split.from_responder, info, out.from_responder.writable());
    return out;
}

bool valid_lcores(const HandshakePayload& payload) noexcept {
    return payload.lcores >= 1 && payload.lcores <= kMaxLcores;
}

}  // namespace

void Handshake::set_secrets(const AcceptedSecrets& secrets) noexcept {
    if (attempt_ && !(secrets.count > 0 && secrets.secret[0] == attempt_->under)) {
        attempt_.reset();
    }
    secrets_ = secrets;
}

void Handshake::want(Instant now, Under under) noexcept {
    wanted_under_ = wanted_ && wanted_under_ == Under::any ? Under::any : under;
    if (!wanted_) {
        wanted_ = true;
        tries_ = 0;
        retry_ = kFirstRetry;
        next_try_ = now;
    }
}

void Handshake::satisfied(const BootId& peer_boot) noexcept {
    wanted_ = false;
    attempt_.reset();
    peer_boot_ = peer_boot;
}

void Handshake::rest() noexcept {
    wanted_ = false;
    set_secrets({});
    peer_boot_ = {};  // may be another one when it comes back
}

std::optional<HandshakeMessage> Handshake::tick(std::uint8_t in_use, Instant now, const RandomFill& random) {
    if (!wanted_ || secrets_.count == 0 || now < next_try_) {
        return std::nullopt;
    }
    // A quarter more or less, so that two ends that began together do not go on together.
    std::array<std::uint8_t, 1> jitter;
    random(jitter);
    next_try_ = now + retry_ * 3 / 4 + retry_ * jitter[0] / 512;
    retry_ = std::min(retry_ * 2, kLongestRetry);
    const bool second = wanted_under_ == Under::any && secrets_.count > 1 && tries_ % 2 == 1;
    const Secret& under = secrets_.secret[second ? 1 : 0];
    ++tries_;

    HandshakePayload payload{};
    payload.boot = self_.boot;
    payload.peer_boot = peer_boot_;
    payload.attempt = Be64{++attempts_};
    payload.lcores = self_.lcores;
    payload.sessions = in_use;
    HandshakeMessage out = message_of(1);
    attempt_.emplace(Attempt{Noise{prologue_of(self_.node, peer_), under}, under, in_use});
    attempt_->noise.write_first(fresh_pair(random), bytes_of(payload), out.noise);
    return out;
}

HandshakeOutcome Handshake::receive(ByteView bytes, std::uint8_t in_use, Instant now, const RandomFill& random) {
    HandshakeMessage message;
    if (bytes.size() < sizeof message) {
        return {};
    }
    std::memcpy(&message, bytes.data(), sizeof message);
    if (!well_formed(message)) {
        return {};
    }
    if (message.number == 2 && !attempt_) {
        return {HandshakeRead::unexpected, {}, {}};
    }
    return message.number == 1 ? read_first(message, in_use, now, random) : read_second(message);
}

bool Handshake::take_answer(Instant now) noexcept {
    constexpr Nanos kRefill = std::chrono::seconds{1};
    if (now - refilled_ >= kRefill) {
        refilled_ = now;
        answers_left_ = kMostAnswers;
    }
    if (answers_left_ == 0) {
        return false;
    }
    --answers_left_;
    return true;
}

Handshake::Life* Handshake::life_of(const BootId& boot) noexcept {
    const auto found =
        std::ranges::find_if(lives_, [&](const Life& life) { return life.used != 0 && life.boot == boot; });
    return found == lives_.end() ? nullptr : &*found;
}

bool Handshake::is_replay(const HandshakePayload& payload) noexcept {
    if (payload.peer_boot != BootId{} && payload.peer_boot != self_.boot) {
        return true;  // for a former life of ours
    }
    const Life* const life = life_of(payload.boot);
    return life != nullptr && payload.attempt.value() <= life->attempt;
}

void Handshake::remember(const HandshakePayload& payload) noexcept {
    Life* life = life_of(payload.boot);
    if (life == nullptr) {
        life = &*std::ranges::min_element(lives_, {}, &Life::used);
    }
    *life = {payload.boot, payload.attempt.value(), ++answers_};
}

HandshakeOutcome Handshake::read_first(const HandshakeMessage& message, std::uint8_t in_use, Instant now,
                                       const RandomFill& random) {
    for (std::size_t i = 0; i < secrets_.count; ++i) {
        Noise noise{prologue_of(peer_, self_.node), secrets_.secret[i]};
        HandshakePayload payload;
        if (!noise.read_first(message.noise, writable(payload))) {
            continue;
        }
        if (!valid_lcores(payload) || payload.boot == BootId{}) {
            return {};
        }
        if (is_replay(payload)) {
            return {HandshakeRead::replayed, {}, {}};
        }
        // Only a first attempt is a race. When it fails, perhaps because the peer does not have our secret yet, the
        // peer's are answered.
        if (attempt_ && tries_ == 1 && now < next_try_ && raw(self_.node) < raw(peer_)) {
            return {HandshakeRead::collision, {}, {}};
        }
        if (!take_answer(now)) {
            return {HandshakeRead::rate, {}, {}};
        }
        remember(payload);
        return answer(noise, secrets_.secret[i], payload, in_use, random);
    }
    return {HandshakeRead::stranger, {}, {}};
}

HandshakeOutcome Handshake::answer(Noise& noise, const Secret& under, const HandshakePayload& first,
                                   std::uint8_t in_use, const RandomFill& random) {
    // An end knows three sessions as a rule (in force, old, unconfirmed), so one of the seven numbers is free; while
    // both have one more than that the peer tries again.
    const int number = std::countr_one(static_cast<std::uint8_t>(first.sessions | in_use));
    if (number >= static_cast<int>(kSessionNumbers)) {
        return {};
    }
    HandshakePayload payload{};
    payload.boot = self_.boot;
    payload.peer_boot = first.boot;
    payload.attempt = first.attempt;
    payload.lcores = self_.lcores;
    payload.sessions = static_cast<std::uint8_t>(number);
    HandshakeMessage out = message_of(2);
    if (!noise.write_second(fresh_pair(random), bytes_of(payload), out.noise)) {
        return {HandshakeRead::stranger, {}, {}};
    }
    attempt_.reset();
    const NoiseSecrets secrets = secrets_of(noise);
    return {HandshakeRead::answered, out,
            Session{secrets.from_responder, secrets.from_initiator, payload.sessions, first.boot, first.lcores, false,
                    under}};
}

HandshakeOutcome Handshake::read_second(const HandshakeMessage& message) {
    Noise noise = attempt_->noise;  // a forged answer must not spoil the attempt
    HandshakePayload payload;
    if (!noise.read_second(message.noise, writable(payload))) {
        return {HandshakeRead::stranger, {}, {}};
    }
    const bool free = payload.sessions < kSessionNumbers && (attempt_->in_use >> payload.sessions & 1) == 0;
    if (!valid_lcores(payload) || payload.boot == BootId{} || payload.peer_boot != self_.boot || !free ||
        payload.attempt.value() != attempts_) {
        return {};
    }
    const NoiseSecrets secrets = secrets_of(noise);
    HandshakeOutcome out{HandshakeRead::established,
                         {},
                         Session{secrets.from_initiator, secrets.from_responder, payload.sessions, payload.boot,
                                 payload.lcores, true, attempt_->under}};
    satisfied(payload.boot);
    return out;
}

}  // namespace izar
