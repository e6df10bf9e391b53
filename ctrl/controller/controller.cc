#include "ctrl/controller/controller.h"

#include <control.pb.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "ctrl/controller/lost_domains.h"
#include "ctrl/frames/messages.h"
#include "ctrl/mesh/mesh_links.h"

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
      desired_(LinkRoots(parts_.master, parts_.authority.key_hash())),
      mesh_(summary_rule()),
      measurements_(parts_.store),
      groups_(parts_.store, parts_.loop.now(), parts_.wall_clock),
      tell_turns_(parts_.loop, [this](NodeId node) { tell(node); }),
      gate_(parts_.store),
      summarizing_(parts_.loop),
      store_timer_(parts_.loop),
      seen_timer_(parts_.loop),
      links_timer_(parts_.loop),
      health_timer_(parts_.loop),
      round_timer_(parts_.loop),
      shares_timer_(parts_.loop),
      bury_timer_(parts_.loop) {}

Result<void> Controller::start() {
    if (auto read = refresh(); !read) {
        return read;
    }
    // A controller that has just come has seen nobody leave: who does not come within kLongestSilence is judged by its
    // neighbours like one that left.
    for (const NodeId node : desired_.node_ids()) {
        health_.falls_silent(node, parts_.loop.now());
    }
    if (auto restored = restore_shares(); !restored) {
        return restored;
    }
    health_timer_.start(kHealthInterval, [this] { judge_health(); });
    round_timer_.start(kRound, [this] { round(); });
    return {};
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
        control::ToAgent reads_summaries;
        reads_summaries.mutable_row_taken();
        session.send(reads_summaries);
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
    const Instant begun = parts_.loop.now();
    const auto changed = desired_.refresh(parts_.store);
    store_reads_.add(parts_.loop.now() - begun);
    if (!changed) {
        store_silent_since_ = store_silent_since_.value_or(parts_.loop.now());
        store_timer_.start(kStoreRetry, [this] { (void)refresh(); });
        return tl::unexpected(changed.error());
    }
    store_silent_since_.reset();
    store_timer_.cancel();
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
    follow_members();
    tell_lost_domains();
    const auto agents = agents_;  // refusing takes an agent out of the map
    for (const auto& [node, session] : agents) {
        if (desired_.is_member(node)) {
            tell_turns_.add(node);
        } else {
            tell_event(EventKind::node, fmt::format("node {} is revoked; its agent is refused", raw(node)));
            agents_.erase(node);
            session->refuse("this node was revoked");
        }
    }
    return {};
}

void Controller::tell_lost_domains() {
    std::set<std::string> lost;
    for (const auto& [name, domain] : desired_.domains()) {
        if (domain.service.empty()) {
            lost.insert(name);
        }
    }
    std::vector<std::string> newly;
    std::ranges::set_difference(lost, lost_domains_, std::back_inserter(newly));
    lost_domains_ = std::move(lost);
    if (!newly.empty()) {
        tell_event(EventKind::change, lost_domains_text(newly));
    }
}

void Controller::judge_health() {
    const auto changes = health_.judge(mesh_.rows(), parts_.loop.now());
    for (const Health::Change& change : changes) {
        control::ToAgent message;
        message.mutable_node_event()->set_node(raw(change.node));
        message.mutable_node_event()->set_withdrawn(change.withdrawn);
        broadcast(message, nullptr);
        if (change.withdrawn) {
            mesh_.forget_row(change.node);
            measurements_.withdraw(change.node);
        }
        tell_event(EventKind::node,
                   fmt::format("node {} is {}", raw(change.node),
                               !change.withdrawn               ? "in use again"
                               : agents_.contains(change.node) ? "withdrawn: its agent says that izar-edge does not "
                                                                 "run, and its neighbours do not hear it"
                                                               : "withdrawn: neither its agent nor its neighbours "
                                                                 "hear it"));
    }
    if (!changes.empty()) {
        follow_members();  // clients are sent to no dead node, not until the next round either
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
    if (const std::size_t more = gate_.begin_round(); more > 0) {
        tell_event(EventKind::join, fmt::format("{} more joins were refused", more));
    }
    // A write whose answer got lost on its way from the store may have been carried out: its sender was told that
    // nobody knows, and the nodes hear of it here.
    if (const auto read = refresh(); !read) {
        tell_event(EventKind::store, "the store is not read: " + read.error().text);
    }
    mark_seen();
    follow_links(LinkProgress::part);
    summarize();
    const Instant begun = parts_.loop.now();
    if (auto written = measurements_.write_round(mesh_.rows(), desired_.nodes(), parts_.wall_clock()); !written) {
        tell_event(EventKind::store, "measurements are lost: " + written.error().text);
    }
    if (auto written = groups_.write_round(); !written) {
        tell_event(EventKind::store, "results of probes are lost: " + written.error().text);
    }
    store_rounds_.add(parts_.loop.now() - begun);
    follow_members();
    ask_masters();
    round_timer_.start(kRound, [this] { round(); });
}

void Controller::summarize() {
    if (summarizing_.busy()) {
        return;  // a fleet whose summary takes longer than a round gets one less often
    }
    std::map<NodeId, NodeLoad> loads = measurements_.loads();
    for (auto& [node, load] : loads) {
        load.egress_percent = shares_.percent_of_equal(node);
    }
    mesh_.set_loads(loads);
    auto task = mesh_.begin_summary();
    if (!task) {
        return;
    }
    summarizing_.start([this, task = *std::move(task)]() mutable {
        return [this, made = std::move(task).make()]() mutable { take_summary(std::move(made)); };
    });
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

std::vector<RegionMember> Controller::region_members() const {
    std::vector<RegionMember> out;
    for (const auto& [id, record] : desired_.records()) {
        if (desired_.is_member(id)) {
            const auto load = measurements_.loads().find(id);
            const bool known = load != measurements_.loads().end();
            const bool in_use = record.was_seen() && !record.drained && !health_.withdrawn(id);
            const bool left_out = health_.is_silent(id) && shares_.leaves_out(record.region, id);
            out.push_back({id, record.region, in_use && !left_out,
                           known ? std::optional(load->second.cpu_percent) : std::nullopt});
        }
    }
    return out;
}

void Controller::tell_event(EventKind kind, std::string text) {
    parts_.log(text);
    events_.add(parts_.wall_clock(), kind, std::move(text));
}

std::vector<Controller::AgentRow> Controller::agents() const {
    std::vector<AgentRow> out;
    for (const auto& [node, session] : agents_) {
        out.push_back({node, session->from(), session->static_taken, session->mesh_taken, session->row.generation(),
                       session->waiting_bytes(), session->flows, session->edge_runs});
    }
    return out;
}

}  // namespace izar
