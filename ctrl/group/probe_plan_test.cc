#include "ctrl/group/probe_plan.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

namespace izar {
namespace {

std::vector<NodeId> nodes(std::size_t count) {
    std::vector<NodeId> out;
    for (std::size_t i = 1; i <= count; ++i) {
        out.push_back(NodeId{static_cast<std::uint16_t>(i)});
    }
    return out;
}

// The nodes' addresses, and as many origins.
std::vector<ProbeTarget> targets(std::size_t count, std::size_t origins) {
    std::vector<ProbeTarget> out;
    for (const NodeId node : nodes(count)) {
        out.push_back(
            {*IpAddress::parse("10.0." + std::to_string(raw(node) / 200) + "." + std::to_string(1 + raw(node) % 200)),
             6'081, node});
    }
    for (std::size_t i = 0; i < origins; ++i) {
        out.push_back({*IpAddress::parse("10.9.0." + std::to_string(i + 1)), 80, kNoNode});
    }
    return out;
}

// What a node probes is bounded, it never probes itself, and no target is probed twice in a round.
RC_GTEST_PROP(ProbePlan, IsBoundedForEveryMember, ()) {
    const auto members = nodes(*rc::gen::inRange<std::size_t>(0, 30));
    const auto all = targets(*rc::gen::inRange<std::size_t>(0, 300), *rc::gen::inRange<std::size_t>(0, 50));
    const auto tasks = plan_probes(members, all, *rc::gen::inRange<std::uint64_t>(0, 1'000));
    std::map<NodeId, std::size_t> given;
    std::set<std::string> probed;
    for (const ProbeTask& task : tasks) {
        RC_ASSERT(task.member != task.target.node);
        RC_ASSERT(++given[task.member] <= kProbesARound);
        RC_ASSERT(probed.insert(task.target.address.text()).second);
    }
    if (members.size() > 1 && all.size() <= members.size() * kProbesARound / 2) {
        RC_ASSERT(tasks.size() == all.size());
    }
}

// Also when half of the members are away.
TEST(ProbePlan, GetsAroundAllTargetsInSomeRounds) {
    for (const std::size_t size : {1U, 2U, 5U, 40U}) {
        const auto members = nodes(size);
        const auto all = targets(300, 20);
        std::set<std::string> probed;
        for (std::uint64_t round = 0; round < 200; ++round) {
            for (const ProbeTask& task : plan_probes(members, all, round)) {
                if (raw(task.member) % 2 == 1) {
                    probed.insert(task.target.address.text());
                }
            }
        }
        EXPECT_EQ(probed.size(), size <= 2 ? 319U : 320U) << size << " members: node 1 alone cannot probe itself";
    }
}

std::vector<ProbeTarget> stamp_peers(std::size_t count, std::uint16_t first) {
    std::vector<ProbeTarget> out;
    for (std::size_t i = 0; i < count; ++i) {
        const NodeId node{static_cast<std::uint16_t>(first + i)};
        out.push_back({*IpAddress::parse("10.0.1." + std::to_string(raw(node))), 862, node, true});
    }
    return out;
}

// Within a bounded number of rounds each member probes every other and every master, once each time around, itself
// never; and no round is more than a member's share.
RC_GTEST_PROP(StampPlan, EachMemberGetsAroundAllOthers, ()) {
    const auto members = stamp_peers(*rc::gen::inRange<std::size_t>(0, 40), 1);
    const auto masters = stamp_peers(*rc::gen::inRange<std::size_t>(0, 12), 100);
    const auto begin = *rc::gen::inRange<std::uint64_t>(0, 1'000);
    const std::size_t each = members.empty() ? 0 : members.size() - 1 + masters.size();
    std::map<NodeId, std::map<NodeId, std::size_t>> probed;
    // After `each` rounds every one had kStampsARound turns.
    for (std::uint64_t round = begin; round < begin + each; ++round) {
        std::map<NodeId, std::set<NodeId>> now;
        for (const ProbeTask& task : plan_stamp(members, masters, round)) {
            RC_ASSERT(task.member != task.target.node);
            RC_ASSERT(task.target.stamp);
            RC_ASSERT(now[task.member].insert(task.target.node).second);
            ++probed[task.member][task.target.node];
        }
        for (const auto& [member, nodes] : now) {
            RC_ASSERT(nodes.size() == std::min(each, kStampsARound));
        }
    }
    RC_ASSERT(probed.size() == (each == 0 ? 0 : members.size()));
    for (const auto& [member, nodes] : probed) {
        RC_ASSERT(nodes.size() == each);
        for (const auto& [node, times] : nodes) {
            RC_ASSERT(times == std::min(each, kStampsARound));
        }
    }
}

// Nobody is probed by its whole group at once.
TEST(StampPlan, ARoundSpreadsOverTheGroup) {
    std::map<NodeId, std::size_t> probed;
    for (const ProbeTask& task : plan_stamp(stamp_peers(30, 1), {}, 5)) {
        ++probed[task.target.node];
    }
    EXPECT_EQ(probed.size(), 30U);
    for (const auto& [node, times] : probed) {
        EXPECT_EQ(times, kStampsARound) << raw(node);
    }
}

TEST(ProbePlan, NobodyOrNothingIsNoPlan) {
    EXPECT_TRUE(plan_probes({}, targets(3, 0), 0).empty());
    EXPECT_TRUE(plan_probes(nodes(3), {}, 0).empty());
}

}  // namespace
}  // namespace izar
