// controller_groups.cc -- The regions' groups: their masters' leases, what masters assign, and the shares that they
// set.
#include <control.pb.h>
#include <fmt/format.h>

#include "ctrl/controller/controller.h"
#include "ctrl/frames/messages.h"

namespace izar {

static_assert(RegionWeights::kRounds == Measurements::kSamples, "masters are told means over that many rounds");

void Controller::take_group_message(AgentSession& session, const control::ToController& message) {
    const auto found = desired_.records().find(session.node());
    if (found == desired_.records().end()) {
        return;
    }
    const NodeRecord& member = found->second;
    const Instant now = parts_.loop.now();
    if (message.has_group_claim()) {
        take_claim(session, member, message);
    } else if (message.has_probe_results()) {
        groups_.take_results(member, message.probe_results(), desired_);
    } else if (message.has_group_shares()) {
        if (const auto shares = groups_.shares_told(member, message.group_shares(), now)) {
            shares_.take(member.region, GroupEpoch{message.group_shares().epoch()}, *shares);
        } else {
            refuse(member, GroupEpoch{message.group_shares().epoch()});
        }
    } else if (message.has_group_tasks()) {
        if (const auto tasks = groups_.assigned(member, message.group_tasks(), desired_, now)) {
            tell_tasks(*tasks);
        } else {
            refuse(member, GroupEpoch{message.group_tasks().epoch()});
        }
    }
}

void Controller::take_claim(AgentSession& session, const NodeRecord& member, const control::ToController& message) {
    const Instant now = parts_.loop.now();
    const GroupEpoch before = groups_.state(member.region, now).epoch;
    // Of a node whose izar-edge does not run its agent alone could lead, which sees no link.
    const bool may_lead = !health_.is_silent(member.id);
    const GroupState state = may_lead ? groups_.claim(member, now) : groups_.state(member.region, now);
    control::ToAgent answer;
    answer.mutable_group_state()->set_epoch(raw(state.epoch));
    answer.mutable_group_state()->set_master(raw(state.master));
    answer.mutable_group_state()->set_asked_ns(message.group_claim().asked_ns());
    session.send(answer);
    if (state.epoch != before) {
        tell_event(EventKind::group, fmt::format("node {} ({}) is master of region {}, epoch {}", raw(member.id),
                                                 member.name, member.region, raw(state.epoch)));
    }
}

Result<void> Controller::restore_shares() {
    auto left = parts_.store.shares();
    if (!left) {
        return fail(left.error().text);
    }
    stored_shares_ = *std::move(left);
    shares_.restore(stored_shares_);
    follow_members();
    return {};
}

// A leader after this one must not take shares up that are no longer in force.
void Controller::follow_members() {
    if (shares_.set_members(region_members())) {
        store_shares();
    }
}

void Controller::store_shares() {
    auto shares = shares_.records();
    if (shares == stored_shares_) {
        return;
    }
    if (auto written = parts_.store.write_shares(shares); !written) {
        tell_event(EventKind::store, "shares of clients are not stored: " + written.error().text);
        return;
    }
    stored_shares_ = std::move(shares);
}

void Controller::tell_tasks(const std::map<NodeId, control::ProbeTasks>& by_node) {
    for (const auto& [node, tasks] : by_node) {
        if (const auto agent = agents_.find(node); agent != agents_.end()) {
            control::ToAgent told;
            *told.mutable_probe_tasks() = tasks;
            agent->second->send(told);
        }
    }
}

void Controller::refuse(const NodeRecord& member, GroupEpoch epoch) {
    const Instant now = parts_.loop.now();
    if (groups_.note_refused(member, now)) {
        tell_event(EventKind::group,
                   fmt::format("what node {} ({}) assigns with epoch {} is refused: the newest epoch of "
                               "region {} is {}",
                               raw(member.id), member.name, raw(epoch), member.region,
                               raw(groups_.state(member.region, now).epoch)));
    }
}

// Each region's master is told what its members' CPUs do, and which share each has; it answers with the next shares.
void Controller::ask_masters() {
    std::map<std::string, control::ToAgent> asked;
    for (const RegionMember& member : region_members()) {
        control::MemberLoad& load = *asked[member.region].mutable_group_loads()->add_members();
        load.set_node(raw(member.node));
        load.set_usable(member.usable);
        load.set_share(shares_.weight(member.node));
        if (member.cpu_percent) {
            load.set_cpu_percent(*member.cpu_percent);
        }
    }
    tell_stamp_peers(asked);
    for (auto& [region, message] : asked) {
        const GroupState state = groups_.state(region, parts_.loop.now());
        const auto master = agents_.find(state.master);
        if (state.master != kNoNode && master != agents_.end()) {
            message.mutable_group_loads()->set_epoch(raw(state.epoch));
            master->second->send_newest(Newest::group_loads, message);
        }
    }
    shares_timer_.start(kSharesPause, [this] { store_shares(); });
}

// Who answers STAMP probes: a region's master is told its members and the masters of the others.
void Controller::tell_stamp_peers(std::map<std::string, control::ToAgent>& regions) {
    for (const auto& [node, session] : agents_) {
        const auto record = desired_.records().find(node);
        if (session->stamp_port == 0 || record == desired_.records().end()) {
            continue;
        }
        const bool leads = groups_.state(record->second.region, parts_.loop.now()).master == node;
        for (auto& [region, message] : regions) {
            if (leads || region == record->second.region) {
                control::StampPeer& peer = *message.mutable_group_loads()->add_stamp_peers();
                peer.set_node(raw(node));
                peer.set_port(session->stamp_port);
            }
        }
    }
}

}  // namespace izar
