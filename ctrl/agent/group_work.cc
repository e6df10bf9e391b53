#include "ctrl/agent/group_work.h"

#include <control.pb.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "ctrl/frames/messages.h"
#include "sched/policy_file.h"

namespace izar {

GroupWork::GroupWork(EventLoop& loop, NodeId self, Send send, Prober::SendStamp send_stamp)
    : loop_(loop),
      self_(self),
      send_(std::move(send)),
      member_(self),
      prober_(loop, std::move(send_stamp)),
      timer_(loop) {}

void GroupWork::set_static(const StaticData& data) {
    follow_policy(data.routing_policy);
    members_.clear();
    targets_.clear();
    const auto own = data.nodes.find(self_);
    for (const auto& [id, node] : data.nodes) {
        if (own != data.nodes.end() && std::strcmp(node.region, own->second.region) == 0) {
            members_.push_back(id);
        }
        targets_.push_back({node.overlay_address, kNodeProbePort, id});
    }
    for (const auto& [id, service] : data.services) {
        for (const Origin& origin : service.origins) {
            const std::uint16_t port = origin.port != 0 ? origin.port : service.first_port;
            const ProbeTarget target{origin.address, port, kNoNode};
            if (service.transport == Transport::tcp && port != 0 &&
                std::ranges::find(targets_, target) == targets_.end()) {
                targets_.push_back(target);
            }
        }
    }
}

// A policy that this node cannot read changes nothing; izar-edge is told the same text, and says what is wrong with it.
void GroupWork::follow_policy(const std::string& text) {
    if (text == policy_text_) {
        return;
    }
    policy_text_ = text;
    if (text.empty()) {
        last_mile_ = LastMilePolicy{};
    } else if (const auto policies = parse_routing_policy(text, "the controller's routing policy")) {
        last_mile_ = policies->last_mile;
    }
}

void GroupWork::set_taking_part(bool takes_part) {
    if (takes_part) {
        turn();
    } else {
        timer_.cancel();
    }
}

void GroupWork::turn() {
    const Instant now = loop_.now();
    control::ToController claim;
    claim.mutable_group_claim()->set_asked_ns(static_cast<std::uint64_t>(now.time_since_epoch().count()));
    send_(claim);
    if (member_.is_master(now) && now >= next_round_) {
        next_round_ = now + kProbeRound;
        assign();
    }
    timer_.start(kGroupClaimInterval, [this] { turn(); });
}

void GroupWork::assign() {
    control::ToController message;
    message.mutable_group_tasks()->set_epoch(raw(member_.state().epoch));
    const auto add = [&](const std::vector<ProbeTask>& tasks) {
        for (const ProbeTask& task : tasks) {
            control::ProbeTask& each = *message.mutable_group_tasks()->add_tasks();
            each.set_member(raw(task.member));
            *each.mutable_target() = target_message(task.target);
        }
    };
    add(plan_probes(members_, targets_, round_));
    add(plan_stamp(stamp_members_, stamp_masters_, round_));
    ++round_;
    ++counts_.rounds_assigned;
    send_(message);
}

void GroupWork::take_state(const control::GroupState& state) {
    const Instant now = loop_.now();
    const Instant asked_at{Nanos{static_cast<std::int64_t>(state.asked_ns())}};
    if (asked_at <= now && state.master() <= 0xFFFF) {
        member_.take_state({GroupEpoch{state.epoch()}, NodeId{static_cast<std::uint16_t>(state.master())}}, asked_at);
    }
}

// A round that comes while the one before is not over is left out: the master's next one goes on.
void GroupWork::take_tasks(const control::ProbeTasks& tasks) {
    const GroupEpoch epoch{tasks.epoch()};
    if (!member_.obeys(epoch)) {
        ++counts_.rounds_refused;
        return;
    }
    if (prober_.busy()) {
        return;
    }
    ++counts_.rounds_obeyed;
    counts_.obeyed_epoch = epoch;
    std::vector<ProbeTarget> targets;
    for (const control::ProbeTarget& message : tasks.targets()) {
        const auto target = read_target(message);
        if (target && targets.size() < kProbesARound + kStampsARound) {
            targets.push_back(*target);
        }
    }
    prober_.start(targets, [this](const std::vector<ProbeAnswer>& answers) { tell(answers); });
}

// A master that has just become one goes on from the shares in force.
void GroupWork::take_loads(const control::GroupLoads& loads) {
    const GroupEpoch epoch{loads.epoch()};
    if (!member_.is_master(loop_.now()) || member_.state().epoch != epoch) {
        return;
    }
    take_stamp_peers(loads);
    std::vector<RegionMember> members;
    std::map<NodeId, std::uint32_t> shares;
    for (const control::MemberLoad& load : loads.members()) {
        const NodeId node{static_cast<std::uint16_t>(load.node())};
        const bool known = load.has_cpu_percent() && load.cpu_percent() >= 0 && load.cpu_percent() <= 100;
        members.push_back({node, "", load.usable(), known ? std::optional(load.cpu_percent()) : std::nullopt});
        shares[node] = std::min(load.share(), 1'000U);
    }
    if (weights_epoch_ != epoch) {
        weights_ = RegionWeights{};
        weights_.start_from(members, shares);
        weights_epoch_ = epoch;
    }
    weights_.set_policy(last_mile_);
    weights_.balance(members);
    control::ToController message;
    message.mutable_group_shares()->set_epoch(loads.epoch());
    for (const RegionMember& member : members) {
        control::MemberShare& share = *message.mutable_group_shares()->add_members();
        share.set_node(raw(member.node));
        share.set_share(weights_.weight(member.node));
    }
    ++counts_.shares_set;
    send_(message);
}

void GroupWork::take_stamp_peers(const control::GroupLoads& loads) {
    stamp_members_.clear();
    stamp_masters_.clear();
    for (const control::StampPeer& peer : loads.stamp_peers()) {
        const NodeId node{static_cast<std::uint16_t>(peer.node())};
        const auto target = std::ranges::find(targets_, node, &ProbeTarget::node);
        if (node == kNoNode || peer.port() == 0 || peer.port() > 65'535 || target == targets_.end()) {
            continue;
        }
        const bool ours = std::ranges::binary_search(members_, node);
        (ours ? stamp_members_ : stamp_masters_)
            .push_back({target->address, static_cast<std::uint16_t>(peer.port()), node, true});
    }
}

void GroupWork::tell(const std::vector<ProbeAnswer>& answers) {
    control::ToController message;
    message.mutable_probe_results();
    for (const ProbeAnswer& answer : answers) {
        *message.mutable_probe_results()->add_results() = result_message(answer);
    }
    send_(message);
}

}  // namespace izar
