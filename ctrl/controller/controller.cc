#include "ctrl/controller/controller.h"

#include <control.pb.h>
#include <fmt/format.h>

#include <algorithm>

#include "ctrl/frames/messages.h"
#include "ctrl/mesh/mesh_links.h"
#include "ctrl/store/token.h"

namespace izar {
namespace {

// A relayed path that is at most 2 % worse than with full knowledge, and second paths at most 10 %.
SummaryRule summary_rule() {
    SummaryRule out;
    out.kind = SummaryKind::pruned;
    out.eps = 0.02F;
    out.backup_eps = 0.1F;
    return out;
}

}  // namespace

Controller::Controller(ControllerParts parts)
    : parts_(std::move(parts)),
      desired_(parts_.master),
      mesh_(summary_rule()),
      measurements_(parts_.store),
      groups_(parts_.store, parts_.loop.now(), parts_.wall_clock),
      tell_turns_(parts_.loop, [this](NodeId node) { tell(node); }),
      summarizing_(parts_.loop),
      health_timer_(parts_.loop),
      round_timer_(parts_.loop),
      bury_timer_(parts_.loop) {}

Controller::~Controller() {
    parts_.loop.close(listener_);
}

Result<void> Controller::start(FileDescriptor agents) {
    if (auto read = refresh(); !read) {
        return read;
    }
    // A controller that has just come has seen nobody leave: who does not come within kAgentAway is judged by its
    // neighbours like one that left.
    for (const NodeId node : desired_.node_ids()) {
        health_.agent_left(node, parts_.loop.now());
    }
    listener_ =
        parts_.loop.accept(std::move(agents), [this](StreamId stream, const SocketAddress& from) -> StreamEvents* {
            AgentSession* const session = accept(stream, from);
            return session == nullptr ? nullptr : &session->stream_events();
        });
    health_timer_.start(kHealthInterval, [this] { judge_health(); });
    round_timer_.start(kRound, [this] { round(); });
    return {};
}

AgentSession* Controller::accept(StreamId stream, const SocketAddress& from) {
    const auto is_unknown = [](const auto& session) { return !session->is_known(); };
    if (static_cast<std::size_t>(std::ranges::count_if(sessions_, is_unknown)) >= kMostUnknown) {
        AgentSession& oldest = **std::ranges::find_if(sessions_, is_unknown);
        oldest.close();
        bury(oldest);
    }
    sessions_.push_back(std::make_unique<AgentSession>(parts_.loop, parts_.tls, wall_seconds(),
                                                       static_cast<SessionEvents&>(*this), from));
    sessions_.back()->attach(stream);
    return sessions_.back().get();
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
    AgentSession*& place = agents_[session.node()];
    if (place != nullptr && place != &session) {  // its former life's connection was not yet found dead
        place->close();
        bury(*place);
    }
    place = &session;
    health_.agent_came(session.node());
    parts_.log(fmt::format("agent of node {} is here, from {}", raw(session.node()), session.from().text()));
    session.welcome_due = session.mesh_due = true;
    tell_turns_.add(session.node());
}

void Controller::on_join(AgentSession& session, const control::ToController& message) {
    const control::Join& join = message.join();
    const auto refuse = [&](const std::string& why) {
        parts_.log(fmt::format("a join from {} was refused: {}", session.from().text(), why));
        session.refuse(why);
    };
    if (joins_left_ == 0) {
        refuse("too many joins at once; try again in some seconds");
        return;
    }
    --joins_left_;
    const auto address = read_address(join.address());
    const auto key = request_key(join.certificate_request());
    const auto named = check_name(join.name());
    if (!address || !key || !named) {
        refuse(!named ? named.error().text : !key ? key.error().text : address.error().text);
        return;
    }
    const auto record = parts_.store.join({join.token(), join.name(), *address, *key}, parts_.wall_clock());
    if (!record) {
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
    parts_.log(fmt::format("node {} ({}, {}) joined from {}", raw(record->id), record->name, record->region,
                           session.from().text()));
    if (auto done = refresh(); !done) {
        parts_.log(done.error().text);
    }
}

void Controller::on_session_end(AgentSession& session, const std::string& why) {
    const auto agent = agents_.find(session.node());
    if (agent != agents_.end() && agent->second == &session) {
        agents_.erase(agent);
        health_.agent_left(session.node(), parts_.loop.now());
        parts_.log(fmt::format("agent of node {} is gone: {}", raw(session.node()), why));
    }
    bury(session);
}

// Of one agent, all that it does not have yet: nodes first, for the rest is about them.
void Controller::tell(NodeId node) {
    const auto agent = agents_.find(node);
    if (agent == agents_.end()) {
        return;
    }
    AgentSession& session = *agent->second;
    send_static(session);
    if (std::exchange(session.welcome_due, false)) {
        for (const NodeId withdrawn : health_.all_withdrawn()) {
            control::ToAgent message;
            message.mutable_node_event()->set_node(raw(withdrawn));
            message.mutable_node_event()->set_withdrawn(true);
            session.send(message);
        }
    }
    if (std::exchange(session.mesh_due, false)) {
        send_mesh(session);
    }
}

void Controller::send_static(AgentSession& session) {
    if (session.static_sent == desired_.version()) {
        return;
    }
    control::ToAgent message;
    *message.mutable_static_update() = desired_.update_for(session.node(), session.static_sent);
    session.static_sent = desired_.version();
    session.send(message);
}

void Controller::send_mesh(AgentSession& session) {
    if (const auto* const summary = mesh_.message_for(session.mesh_taken)) {
        control::ToAgent message;
        message.mutable_mesh_update()->set_nodes_digest(nodes_digest(mesh_.nodes()));
        message.mutable_mesh_update()->set_summary(std::string(summary->begin(), summary->end()));
        session.send_newest(Newest::mesh, message);
    }
}

void Controller::broadcast(const control::ToAgent& message, const AgentSession* except) {
    const auto frame = message_frame(message);
    for (const auto& [node, session] : agents_) {
        if (session != except) {
            session->send_frame(frame);
        }
    }
}

Result<void> Controller::refresh() {
    const auto before = desired_.node_ids();
    const auto changed = desired_.refresh(parts_.store);
    if (!changed) {
        return tl::unexpected(changed.error());
    }
    if (!*changed) {
        return {};
    }
    if (const auto nodes = desired_.node_ids(); nodes != before) {
        mesh_.set_nodes(nodes);
        health_.set_nodes(nodes);
        for (const auto& [node, session] : agents_) {
            session->mesh_taken = 0;
        }
    }
    balance_regions();
    const auto agents = agents_;  // refusing takes an agent out of the map
    for (const auto& [node, session] : agents) {
        if (desired_.is_member(node)) {
            tell_turns_.add(node);
        } else {
            parts_.log(fmt::format("node {} is revoked; its agent is refused", raw(node)));
            agents_.erase(node);
            session->refuse("this node was revoked");
        }
    }
    return {};
}

void Controller::judge_health() {
    for (const Health::Change& change : health_.judge(mesh_.rows(), parts_.loop.now())) {
        control::ToAgent message;
        message.mutable_node_event()->set_node(raw(change.node));
        message.mutable_node_event()->set_withdrawn(change.withdrawn);
        broadcast(message, nullptr);
        if (change.withdrawn) {
            mesh_.forget_row(change.node);
        }
        parts_.log(
            fmt::format("node {} is {}", raw(change.node),
                        change.withdrawn ? "withdrawn: neither its agent nor its neighbours hear it" : "in use again"));
    }
    watch_drains();
    health_timer_.start(kHealthInterval, [this] { judge_health(); });
}

void Controller::watch_drains() {
    std::set<NodeId> drained;
    for (const auto& [node, record] : desired_.records()) {
        if (record.drained && desired_.is_member(node)) {
            drained.insert(node);
        }
    }
    const bool all_told = std::ranges::all_of(
        agents_, [&](const auto& agent) { return agent.second->static_taken >= desired_.version(); });
    drains_.look(drained, all_told, parts_.loop.now());
}

void Controller::round() {
    joins_left_ = kJoinsARound;
    summarize();
    if (auto written = measurements_.write_round(mesh_.rows(), desired_.nodes(), parts_.wall_clock()); !written) {
        parts_.log("measurements are lost: " + written.error().text);
    }
    if (auto written = groups_.write_round(); !written) {
        parts_.log("results of probes are lost: " + written.error().text);
    }
    balance_regions();
    round_timer_.start(kRound, [this] { round(); });
}

void Controller::summarize() {
    if (summarizing_.busy()) {
        return;  // a fleet whose summary takes longer than a round gets one less often
    }
    mesh_.set_loads(measurements_.loads());
    auto task = mesh_.begin_summary();
    if (!task) {
        return;
    }
    summarizing_.start([this, task = *std::move(task)] { return [this, made = task.make()] { take_summary(made); }; });
}

void Controller::take_summary(MadeSummary made) {
    if (!mesh_.take_summary(std::move(made))) {
        return;
    }
    for (const auto& [node, session] : agents_) {
        session->mesh_due = true;
        tell_turns_.add(node);
    }
}

void Controller::balance_regions() {
    std::vector<RegionMember> members;
    for (const auto& [id, record] : desired_.records()) {
        if (desired_.is_member(id)) {
            const auto load = measurements_.loads().find(id);
            const bool known = load != measurements_.loads().end();
            members.push_back({id, record.region, !record.drained && !health_.withdrawn(id),
                               known ? std::optional(load->second.cpu_percent) : std::nullopt});
        }
    }
    weights_.balance(members);
}

std::vector<Controller::AgentRow> Controller::agents() const {
    std::vector<AgentRow> out;
    for (const auto& [node, session] : agents_) {
        out.push_back({node, session->from(), session->static_taken, session->mesh_taken, session->waiting_bytes(),
                       session->flows});
    }
    return out;
}

}  // namespace izar
