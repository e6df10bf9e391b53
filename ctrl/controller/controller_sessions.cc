// controller_sessions.cc -- Who comes to the controller and goes: agents, nodes that join, certificates.
#include <control.pb.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ctrl/controller/busiest_source.h"
#include "ctrl/controller/controller.h"
#include "ctrl/frames/messages.h"
#include "ctrl/store/node_vips.h"
#include "ctrl/store/token.h"

namespace izar {

StreamEvents* Controller::accept(StreamId stream, const SocketAddress& from) {
    std::vector<std::uint64_t> unknown;
    for (const auto& session : sessions_) {
        if (!session->is_known()) {
            unknown.push_back(source_of(session->from().ip));
        }
    }
    if (unknown.size() >= kMostUnknown) {
        const std::uint64_t busiest = busiest_source(std::move(unknown));
        AgentSession& oldest = **std::ranges::find_if(sessions_, [&](const auto& session) {
            return !session->is_known() && source_of(session->from().ip) == busiest;
        });
        oldest.close();
        bury(oldest);
    }
    sessions_.push_back(std::make_unique<AgentSession>(parts_.loop, parts_.tls, wall_seconds(),
                                                       static_cast<SessionEvents&>(*this), from));
    sessions_.back()->attach(stream);
    sessions_.back()->count_in(channel_counts_);
    return &sessions_.back()->stream_events();
}

// Its callbacks may still be on the stack.
void Controller::bury(AgentSession& session) {
    const auto at = std::ranges::find(sessions_, &session, [](const auto& each) { return each.get(); });
    if (at == sessions_.end()) {
        return;
    }
    buried_.push_back(std::move(*at));
    sessions_.erase(at);
    bury_timer_.start(Nanos{0}, [this] { buried_.clear(); });
}

bool Controller::admits(const PeerIdentity& peer) {
    const auto record = desired_.records().find(peer.node);
    return record != desired_.records().end() && record->second.state == NodeState::joined &&
           same_digest(record->second.key, peer.key);
}

void Controller::on_agent(AgentSession& session) {
    session.static_sent = session.static_taken = desired_.version_of(session.static_store, session.static_taken);
    // It has newer data than we know of: another controller wrote since, and we may lead no more without knowing it
    // yet. Never is older truth told instead, unless the store itself has none newer.
    if (session.static_taken > desired_.version()) {
        if (const auto read = refresh(); !read) {
            parts_.log("an agent is sent away: " + read.error().text);
            session.close();
            bury(session);
            return;
        }
    }
    AgentSession*& place = agents_[session.node()];
    if (place != nullptr && place != &session) {  // its former life's connection was not yet found dead
        place->close();
        bury(*place);
    }
    place = &session;
    if (session.hears_edge) {
        health_.speaks(session.node());
    } else {
        health_.falls_silent(session.node(), parts_.loop.now());
    }
    tell_event(EventKind::agent,
               fmt::format("agent of node {} is here, from {}", raw(session.node()), session.from().text()));
    session.welcome_due = session.mesh_due = true;
    tell_turns_.add(session.node());
    await_links();
    if (!desired_.records().at(session.node()).was_seen()) {
        seen_timer_.start(kSeenPause, [this] { mark_seen(); });
    }
}

// From now on they take clients in and serve, also when their agents are away. What fails is tried again each round.
void Controller::mark_seen() {
    std::vector<NodeId> here;
    for (const auto& [node, session] : agents_) {
        if (!desired_.records().at(node).was_seen()) {
            here.push_back(node);
        }
    }
    if (here.empty()) {
        return;
    }
    const auto marked = parts_.store.mark_seen(here, parts_.wall_clock());
    if (!marked) {
        tell_event(EventKind::store, "nodes that are here for the first time are not used yet: " + marked.error().text);
    } else if (const auto read = refresh(); !read) {
        tell_event(EventKind::store, read.error().text);
    }
}

void Controller::on_join(AgentSession& session, const control::ToController& message) {
    const control::Join& join = message.join();
    const auto refuse = [&](const std::string& why) {
        if (gate_.tells_refusal()) {
            tell_event(EventKind::join, fmt::format("a join from {} was refused: {}", session.from().text(), why));
        }
        session.refuse(why);
    };
    const auto address = read_address(join.address());
    const auto named = check_name(join.name());
    if (!address || !named) {
        refuse(!named ? named.error().text : address.error().text);
        return;
    }
    // Before anything is spent on a stranger.
    if (const auto admitted = gate_.admit(join.token(), parts_.loop.now(), parts_.wall_clock()); !admitted) {
        refuse(admitted.error().text);
        return;
    }
    for (const auto& [id, record] : desired_.service_records()) {
        if (has_vip(record, *address)) {
            refuse(fmt::format("{} is a VIP of service {}; give the node another address", address->text(),
                               record.service.name));
            return;
        }
    }
    const auto key = request_key(join.certificate_request());
    if (!key) {
        refuse(key.error().text);
        return;
    }
    const auto record = parts_.store.join({join.token(), join.name(), *address, *key}, parts_.wall_clock());
    if (!record) {
        gate_.forget_tokens();
        refuse(record.error().text);
        return;
    }
    const auto certificate = parts_.authority.sign_node(join.certificate_request(), record->id, wall_seconds());
    if (!certificate) {
        refuse(certificate.error().text);
        return;
    }
    control::ToAgent answer;
    control::Joined& joined = *answer.mutable_joined();
    joined.set_node_id(raw(record->id));
    joined.set_certificate(*certificate);
    joined.set_authority(parts_.authority.certificate());
    joined.set_name(record->name);
    joined.set_region(record->region);
    session.send(answer);
    tell_event(EventKind::join, fmt::format("node {} ({}, {}) joined from {}", raw(record->id), record->name,
                                            record->region, session.from().text()));
    if (auto done = refresh(); !done) {
        tell_event(EventKind::store, done.error().text);
    }
}

void Controller::on_session_end(AgentSession& session, const std::string& why) {
    const auto agent = agents_.find(session.node());
    if (agent != agents_.end() && agent->second == &session) {
        agents_.erase(agent);
        health_.falls_silent(session.node(), parts_.loop.now());
        tell_event(EventKind::agent, fmt::format("agent of node {} is gone: {}", raw(session.node()), why));
    }
    bury(session);
}

// The same key is signed again, so nothing changes in the store, and the old certificate counts as long as it did. Of
// too many at once some get no answer, and ask again.
void Controller::take_renewal(AgentSession& session, const control::ToController& message) {
    const Instant now = parts_.loop.now();
    if (now < session.next_renewal) {
        return;
    }
    session.next_renewal = now + kRenewalPause;
    const auto& request = message.renew().certificate_request();
    const auto record = desired_.records().find(session.node());
    const auto key = request_key(request);
    if (record == desired_.records().end() || !key || !same_digest(record->second.key, *key) ||
        !gate_.admit_renewal()) {
        return;
    }
    const auto certificate = parts_.authority.sign_node(request, session.node(), wall_seconds());
    if (!certificate) {
        tell_event(EventKind::certificate, fmt::format("the certificate of node {} is not renewed: {}",
                                                       raw(session.node()), certificate.error().text));
        return;
    }
    control::ToAgent answer;
    answer.mutable_renewed()->set_certificate(*certificate);
    session.send(answer);
    tell_event(EventKind::certificate, fmt::format("the certificate of node {} is renewed", raw(session.node())));
}

}  // namespace izar
