#include "dataplane/security/link_security.h"

#include <algorithm>

namespace izar {
namespace {

// Whether somebody without the secret can have caused the reading.
bool in_vain(HandshakeRead read) noexcept {
    return read == HandshakeRead::stranger || read == HandshakeRead::replayed || read == HandshakeRead::rate;
}

}  // namespace

struct LinkSecurity::LiveSession {
    LiveSession(const Session& made, std::uint64_t sent, Instant now)
        : number(made.number),
          peer_boot(made.peer_boot),
          under(made.under),
          since(now),
          send(made.send, made.number, sent, now),
          receive(made.receive, made.number),
          windows(std::make_shared<ReplayWindows>(made.peer_lcores)) {}

    std::uint8_t number;
    BootId peer_boot;
    Secret under;
    Instant since;
    SendSchedule send;
    ReceiveSchedule receive;
    std::shared_ptr<ReplayWindows> windows;
    std::array<std::shared_ptr<ReceiveKey>, kLiveEpochs> keys;  // what lcores see of `receive`

    // Whether a packet under any of its keys was authentic: the peer may have gone on to the next one unheard.
    bool used() const noexcept {
        return std::ranges::any_of(
            keys, [](const auto& key) { return key != nullptr && key->used.load(std::memory_order_relaxed); });
    }
};

struct LinkSecurity::Link {
    Link(NodeId peer_id, Handshake& handshake_with) : peer(peer_id), handshake(handshake_with) {}
    NodeId peer;
    Handshake& handshake;
    std::unique_ptr<LiveSession> in_force;
    std::unique_ptr<LiveSession> former;
    // Of two process lives of the peer: one of them may be a former one whose message somebody has sent again, and must
    // not take the other's session away before it is confirmed.
    std::array<std::unique_ptr<LiveSession>, 2> unconfirmed;
    std::shared_ptr<AeadKey> send_key;
    std::array<std::shared_ptr<AeadKey>, kSecretsPerLink> mark_keys;  // of the handshake's secrets
    Instant former_until{};
    std::optional<Instant> withdrawn_at;  // the session in force is under a secret that is not accepted any more
    std::optional<Secret> shown;          // the last first secret that a session was in force under

    // Where an unconfirmed session of this life of the peer goes; what is there is older.
    std::unique_ptr<LiveSession>& place_for(const BootId& boot) noexcept {
        const auto is_older = [&](const auto& one, const auto& other) {
            if (one == nullptr || other == nullptr) {
                return one == nullptr && other != nullptr;
            }
            return one->since < other->since;
        };
        const auto of_life = std::ranges::find_if(
            unconfirmed, [&](const auto& each) { return each != nullptr && each->peer_boot == boot; });
        return of_life != unconfirmed.end() ? *of_life : *std::ranges::min_element(unconfirmed, is_older);
    }
};

LinkSecurity::LinkSecurity(Parts parts) : parts_(std::move(parts)), links_(kMaxNodes), peers_(kMaxNodes, kNoNode) {}

LinkSecurity::~LinkSecurity() = default;

void LinkSecurity::set_fleet(const Fleet& fleet) {
    for (std::size_t i = 0; i < kMaxNodes; ++i) {
        const bool is_peer = i < fleet.nodes.size() && i != raw(fleet.self);
        peers_[i] = is_peer ? fleet.nodes[i].id : kNoNode;
    }
    slots_ = fleet.nodes.size();
    changed_ = true;
}

void LinkSecurity::replace(LinkSecrets secrets) {
    secrets_ = std::move(secrets);
    changed_ = true;
}

// First the links that are gone, then new ones: a peer may have moved to another slot, with its handshake.
void LinkSecurity::follow_fleet(const OnSched& thread) {
    for (std::size_t i = 0; i < kMaxNodes; ++i) {
        std::unique_ptr<Link>& link = links_[i];
        if (link != nullptr && link->peer != peers_[i]) {
            const NodeSlot slot{static_cast<std::uint16_t>(i)};
            drop_all(thread, slot, *link);
            link->handshake.rest();
            install_marks(thread, slot, *link);
            link.reset();
        }
    }
    for (std::size_t i = 0; i < kMaxNodes; ++i) {
        if (peers_[i] != kNoNode && links_[i] == nullptr) {
            Handshake& handshake = handshakes_with_.try_emplace(peers_[i], parts_.self, peers_[i]).first->second;
            links_[i] = std::make_unique<Link>(peers_[i], handshake);
        }
    }
}

void LinkSecurity::apply_secrets(const OnSched& thread, Instant now) {
    for (std::size_t i = 0; i < kMaxNodes; ++i) {
        const NodeSlot slot{static_cast<std::uint16_t>(i)};
        Link* const link = links_[i].get();
        if (link == nullptr) {
            continue;
        }
        const AcceptedSecrets accepted = accepted_on(*link);
        if (!(link->handshake.secrets() == accepted)) {
            accept(thread, slot, *link, accepted);
        }
        if (accepted.count == 0) {
            drop_all(thread, slot, *link);
            continue;
        }
        const LiveSession* const session = link->in_force.get();
        const bool withdrawn = session != nullptr && !accepted.contains(session->under);
        if (session == nullptr || !(session->under == accepted.secret[0])) {
            link->handshake.want(now, session == nullptr || withdrawn ? Under::any : Under::first);
        }
        link->withdrawn_at = withdrawn ? std::optional{link->withdrawn_at.value_or(now)} : std::nullopt;
    }
}

// A peer that has shown the first secret has no use for the former one.
AcceptedSecrets LinkSecurity::accepted_on(const Link& link) const {
    AcceptedSecrets out = secrets_.of(parts_.self.node, link.peer);
    if (out.has_former && link.shown == out.secret[0]) {
        out.forget_former();
    }
    return out;
}

// An answer that was given under another secret and not confirmed must not be confirmed later: whoever got it may have
// nothing else.
void LinkSecurity::accept(const OnSched& thread, NodeSlot slot, Link& link, const AcceptedSecrets& accepted) {
    link.handshake.set_secrets(accepted);
    install_marks(thread, slot, link);
    for (auto& session : link.unconfirmed) {
        if (session != nullptr && !accepted.contains(session->under)) {
            drop(thread, slot, session);
        }
    }
}

bool LinkSecurity::do_work(const OnSched& thread, Instant now) {
    bool busy = changed_;
    if (changed_) {
        changed_ = false;
        follow_fleet(thread);
        apply_secrets(thread, now);
    }
    busy |= read_parcels(thread, now);
    for (std::size_t i = 0; i < std::min(kLinksARound, slots_); ++i) {
        next_link_ = (next_link_ + 1) % slots_;
        if (links_[next_link_] != nullptr) {
            review(thread, NodeSlot{static_cast<std::uint16_t>(next_link_)}, now);
        }
    }
    std::erase_if(buried_, [&](const Buried& each) { return parts_.publisher.grace_over(thread, each.token); });
    return busy;
}

bool LinkSecurity::read_parcels(const OnSched& thread, Instant now) {
    bool any = false;
    for (HandshakeRing* ring : parts_.received) {
        HandshakeParcel parcel;
        for (std::size_t i = 0; i < kParcelsARound && ring->pop(parcel); ++i) {
            any = true;
            take(thread, parcel.link, parcel.message, now);
        }
    }
    return any;
}

void LinkSecurity::take(const OnSched& thread, NodeSlot slot, const HandshakeMessage& message, Instant now) {
    Link* const link = links_[raw(slot)].get();
    if (link == nullptr) {
        return;
    }
    const ByteView bytes{reinterpret_cast<const std::uint8_t*>(&message), sizeof message};
    if (!may_fail(now)) {
        ++refused_;
        return;
    }
    confirm(thread, slot, *link, now);  // before a newer answer takes the place of one that is in use
    HandshakeOutcome outcome = link->handshake.receive(bytes, in_use(*link), now, parts_.random);
    if (!outcome.session) {
        ++refused_;
        failures_ += in_vain(outcome.read) ? 1 : 0;
        return;
    }
    ++handshakes_;
    if (outcome.read == HandshakeRead::established) {
        bring_into_force(thread, slot, *link, make_session(slot, *outcome.session, now), now);
        return;
    }
    std::unique_ptr<LiveSession>& place = link->place_for(outcome.session->peer_boot);
    drop(thread, slot, place);
    place = make_session(slot, *outcome.session, now);
    send(slot, *link, *outcome.answer, outcome.session->under);
}

bool LinkSecurity::may_fail(Instant now) noexcept {
    if (now - failures_since_ >= std::chrono::seconds{1}) {
        failures_since_ = now;
        failures_ = 0;
    }
    return failures_ < kMostFailures;
}

std::unique_ptr<LinkSecurity::LiveSession> LinkSecurity::make_session(NodeSlot slot, const Session& session,
                                                                      Instant now) {
    auto out = std::make_unique<LiveSession>(session, parts_.sent(slot), now);
    install_receive(slot, *out, 0);
    install_receive(slot, *out, 1);
    return out;
}

void LinkSecurity::install_receive(NodeSlot slot, LiveSession& session, std::size_t place) {
    auto key = std::make_shared<ReceiveKey>();
    parts_.aead.expand(*session.receive.key(place), key->key);
    key->windows = session.windows;
    session.keys[place] = std::move(key);
    ReceiveKey* const installed = session.keys[place].get();
    parts_.keys.set_receive(slot, installed->key.epoch_byte(), installed);
}

void LinkSecurity::install_send(const OnSched& thread, NodeSlot slot, Link& link) {
    auto key = std::make_shared<AeadKey>();
    parts_.aead.expand(link.in_force->send.key(), *key);
    parts_.keys.set_send(slot, key.get(), static_cast<std::int64_t>(link.in_force->send.epoch()));
    std::swap(link.send_key, key);
    bury(thread, std::move(key));
}

// A session that both ends are known to have. The one before it is accepted for a while, unless the peer has begun a
// new process life.
void LinkSecurity::bring_into_force(const OnSched& thread, NodeSlot slot, Link& link,
                                    std::unique_ptr<LiveSession> session, Instant now) {
    drop(thread, slot, link.former);
    if (link.in_force != nullptr && link.in_force->peer_boot == session->peer_boot) {
        link.former = std::move(link.in_force);
        link.former_until = now + kOldEpochAccepted;
    } else {
        drop(thread, slot, link.in_force);
    }
    link.in_force = std::move(session);
    link.withdrawn_at.reset();
    link.handshake.satisfied(link.in_force->peer_boot);
    install_send(thread, slot, link);
    judge_former(thread, slot, link, now);
}

// The session that has come into force shows which secret the peer has.
void LinkSecurity::judge_former(const OnSched& thread, NodeSlot slot, Link& link, Instant now) {
    const AcceptedSecrets accepted = link.handshake.secrets();
    if (link.in_force->under == accepted.secret[0]) {
        link.shown = accepted.secret[0];
    }
    if (!accepted.has_former) {
        return;
    }
    if (link.in_force->under == accepted.secret[0]) {
        accept(thread, slot, link, accepted_on(link));
    } else {
        link.handshake.want(now, Under::first);
    }
}

void LinkSecurity::review(const OnSched& thread, NodeSlot slot, Instant now) {
    Link& link = *links_[raw(slot)];
    confirm(thread, slot, link, now);
    if (link.former != nullptr && now >= link.former_until) {
        drop(thread, slot, link.former);
    }
    if (link.withdrawn_at && now >= *link.withdrawn_at + kOldEpochAccepted) {
        drop_all(thread, slot, link);
        link.handshake.want(now);
    }
    if (link.in_force != nullptr) {
        follow_epochs(thread, slot, link, now);
        if (is_silent(slot, *link.in_force, now)) {
            link.handshake.want(now);
        }
    }
    if (const auto message = link.handshake.tick(in_use(link), now, parts_.random)) {
        send(slot, link, *message, link.handshake.begun_under());
    }
}

// Both ends may have begun, one after the other, and both been answered. Then there are two good sessions, and both
// ends take the later one: an end that answers gives up its own attempt, so they agree on which that is.
void LinkSecurity::confirm(const OnSched& thread, NodeSlot slot, Link& link, Instant now) {
    for (std::unique_ptr<LiveSession>& session : link.unconfirmed) {
        if (session == nullptr || !session->used()) {
            continue;
        }
        const LiveSession* const ours = link.in_force.get();
        if (ours != nullptr && ours->peer_boot == session->peer_boot && ours->since > session->since) {
            drop(thread, slot, link.former);
            link.former = std::move(session);
            link.former_until = now + kOldEpochAccepted;
        } else {
            bring_into_force(thread, slot, link, std::move(session), now);
        }
    }
}

// A session that nothing was heard under is as silent as one under which it ended.
bool LinkSecurity::is_silent(NodeSlot slot, const LiveSession& session, Instant now) const {
    const Heard heard = parts_.heard(slot);
    return now - std::max(heard.last, session.since) >= std::max(kLinkSilence, heard.interval * kSilentIntervals);
}

void LinkSecurity::follow_epochs(const OnSched& thread, NodeSlot slot, Link& link, Instant now) {
    LiveSession& session = *link.in_force;
    if (session.send.advance(parts_.sent(slot), now)) {
        install_send(thread, slot, link);
    }
    if (session.keys[session.receive.next_place()]->used.load(std::memory_order_relaxed)) {
        session.receive.advance(now);
        const std::size_t place = session.receive.next_place();
        std::shared_ptr<ReceiveKey> oldest = std::move(session.keys[place]);
        install_receive(slot, session, place);
        bury(thread, std::move(oldest));
    }
    if (session.receive.expire(now)) {
        for (std::size_t place = 0; place < kLiveEpochs; ++place) {
            if (session.receive.key(place) == nullptr && session.keys[place] != nullptr) {
                parts_.keys.set_receive(slot, session.keys[place]->key.epoch_byte(), nullptr);
                bury(thread, std::move(session.keys[place]));
            }
        }
    }
}

void LinkSecurity::drop(const OnSched& thread, NodeSlot slot, std::unique_ptr<LiveSession>& session) {
    if (session == nullptr) {
        return;
    }
    for (const auto& key : session->keys) {
        if (key != nullptr) {
            parts_.keys.set_receive(slot, key->key.epoch_byte(), nullptr);
        }
    }
    bury(thread, std::shared_ptr<LiveSession>(std::move(session)));
}

void LinkSecurity::drop_all(const OnSched& thread, NodeSlot slot, Link& link) {
    parts_.keys.set_send(slot, nullptr, -1);
    bury(thread, std::move(link.send_key));
    drop(thread, slot, link.in_force);
    drop(thread, slot, link.former);
    for (auto& session : link.unconfirmed) {
        drop(thread, slot, session);
    }
    link.withdrawn_at.reset();
}

// Keeps what lcores may still read until each of them has passed a quiescent state.
void LinkSecurity::bury(const OnSched& thread, std::shared_ptr<void> rest) {
    if (rest != nullptr) {
        buried_.push_back({parts_.publisher.begin_grace(thread), std::move(rest)});
    }
}

// Lcores know those marks that the handshake's secrets make.
void LinkSecurity::install_marks(const OnSched& thread, NodeSlot slot, Link& link) {
    const AcceptedSecrets& secrets = link.handshake.secrets();
    for (std::size_t i = 0; i < kSecretsPerLink; ++i) {
        std::shared_ptr<AeadKey> key;
        if (i < secrets.count) {
            key = std::make_shared<AeadKey>();
            parts_.aead.expand(mark_key_of(secrets.secret[i]), *key);
        }
        parts_.keys.set_mark(slot, i, key.get());
        std::swap(link.mark_keys[i], key);
        bury(thread, std::move(key));
    }
}

void LinkSecurity::send(NodeSlot slot, const Link& link, HandshakeMessage message, const Secret& under) {
    const AcceptedSecrets& secrets = link.handshake.secrets();
    for (std::size_t i = 0; i < secrets.count; ++i) {
        if (secrets.secret[i] == under) {
            put_mark(message, *link.mark_keys[i], parts_.aead);
        }
    }
    parts_.to_send[raw(slot) % parts_.to_send.size()]->push({slot, message});
}

std::uint8_t LinkSecurity::in_use(const Link& link) noexcept {
    unsigned out = 0;
    for (const auto* each : {&link.in_force, &link.former, &link.unconfirmed[0], &link.unconfirmed[1]}) {
        out |= *each != nullptr ? 1u << (*each)->number : 0;
    }
    return static_cast<std::uint8_t>(out);
}

}  // namespace izar
