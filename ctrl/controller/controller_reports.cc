// controller_reports.cc -- What agents that are known tell the controller.
#include <control.pb.h>
#include <fmt/format.h>

#include <algorithm>

#include "ctrl/controller/controller.h"
#include "ctrl/controller/sample_record.h"
#include "ctrl/frames/messages.h"
#include "ctrl/mesh/mesh_links.h"
#include "dataplane/base/limits.h"

namespace izar {

bool Controller::on_report(AgentSession& session, const control::ToController& message) {
    switch (message.body_case()) {
        case control::ToController::kLinkRow:
            return take_row(session, message.link_row());
        case control::ToController::kLinkEvent:
            return take_event(session, message);
        case control::ToController::kSystemSample:
            take_sample(session, message);
            return true;
        case control::ToController::kStaticTaken:
            session.static_taken = message.static_taken().version();
            if (message.static_taken().whole_wanted()) {
                session.static_sent = 0;
                tell_turns_.add(session.node());
            }
            await_links();
            return true;
        case control::ToController::kMeshTaken:
            session.mesh_taken = message.mesh_taken().whole_wanted() ? 0 : message.mesh_taken().generation();
            if (message.mesh_taken().whole_wanted()) {
                session.mesh_due = true;
                tell_turns_.add(session.node());
            }
            return true;
        case control::ToController::kRenew:
            take_renewal(session, message);
            return true;
        case control::ToController::kGroupClaim:
        case control::ToController::kGroupTasks:
        case control::ToController::kProbeResults:
        case control::ToController::kGroupShares:
            take_group_message(session, message);
            return true;
        default:
            return true;  // of a newer agent: what we do not know does not concern us
    }
}

bool Controller::take_row(AgentSession& session, const control::LinkRow& row) {
    if (static_cast<std::size_t>(row.items_size()) > kMaxNodes) {
        return false;
    }
    std::vector<FeedLink> links;
    for (const control::LinkItem& item : row.items()) {
        const auto link = read_link(session.node(), item);
        if (!link) {
            return false;
        }
        links.push_back(*link);
    }
    for (const control::LegItem& item : row.legs()) {
        const auto leg = read_leg(item, parts_.loop.now());
        if (!leg) {
            return false;
        }
        measurements_.take_leg(session.node(), *leg);
    }
    session.stamp_port = static_cast<std::uint16_t>(std::min(row.stamp_port(), 65'535U));
    if (!row.summary().empty()) {
        auto read = read_summary(session, row);
        if (!read) {
            return true;
        }
        links = *std::move(read);
    }
    for (FeedLink& link : links) {
        link.bandwidth.capacity = BitRate{row.capacity_bps()};
    }
    mesh_.take_row(session.node(), std::move(links));
    return true;
}

std::optional<std::vector<FeedLink>> Controller::read_summary(AgentSession& session, const control::LinkRow& row) {
    std::optional<std::vector<FeedLink>> out;
    if (row.nodes_digest() == nodes_digest(mesh_.nodes())) {
        const std::string& summary = row.summary();
        auto links = session.row.receive({reinterpret_cast<const std::uint8_t*>(summary.data()), summary.size()},
                                         session.node(), mesh_.nodes());
        out = links ? std::optional(*std::move(links)) : std::nullopt;
    }
    control::ToAgent answer;
    answer.mutable_row_taken()->set_generation(out ? session.row.generation() : 0);
    answer.mutable_row_taken()->set_whole_wanted(!out);
    session.send(answer);
    return out;
}

bool Controller::take_event(AgentSession& session, const control::ToController& message) {
    const auto link = read_link(session.node(), message.link_event().item());
    if (!link || message.link_event().from() != raw(session.node())) {
        return false;
    }
    if (!desired_.is_member(link->to)) {
        return true;  // it was revoked, which the agent does not know yet
    }
    const auto known = mesh_.rows().find(link->from, link->to);
    mesh_.take_link(*link);
    if (link_events_.passes(*link, known, desired_.nodes().size(), parts_.loop.now())) {
        broadcast(link_event_message(*link), &session);
        tell_event(EventKind::link,
                   fmt::format("link {} to {} is {}", raw(link->from), raw(link->to), link->reachable ? "up" : "down"));
    }
    return true;
}

void Controller::take_sample(AgentSession& session, const control::ToController& message) {
    const control::SystemSample& sample = message.system_sample();
    if (sample.has_edge_runs()) {
        take_edge_state(session, sample.edge_runs());
    }
    session.flows = sample.has_flows() ? std::optional(sample.flows()) : std::nullopt;
    if (session.flows) {
        drains_.take_count(session.node(), *session.flows, parts_.loop.now());
    }
    const auto record = desired_.records().find(session.node());
    if (record != desired_.records().end()) {
        measurements_.take_sample(session.node(), sample_record(sample, record->second.address, parts_.wall_clock()));
    }
}

// What a dead izar-edge measured is not known any more, and what it held died with it.
void Controller::take_edge_state(AgentSession& session, bool runs) {
    const NodeId node = session.node();
    const auto before = std::exchange(session.edge_runs, runs);
    if (runs) {
        health_.speaks(node);
    } else {
        health_.edge_is_dead(node, parts_.loop.now());
        mesh_.forget_row(node);
        session.stamp_port = 0;
        drains_.take_count(node, 0, parts_.loop.now());
    }
    if (runs ? before == false : before != false) {
        tell_event(EventKind::node, fmt::format("izar-edge of node {} {}", raw(node), runs ? "runs" : "does not run"));
    }
}

}  // namespace izar
