// The shares that a region's master moves, and by which policy; and whose rounds of probes a member obeys. What probes
// measure is in prober_test.cc.
#include "ctrl/agent/group_work.h"

#include <control.pb.h>
#include <gtest/gtest.h>

#include <map>

#include "dataplane/base/testing/real_time.h"

namespace izar {
namespace {

constexpr NodeId kSelf{1};
constexpr NodeId kOther{2};
constexpr std::uint64_t kEpoch = 5;

class GroupWorkTest : public testing::Test {
  protected:
    GroupWorkTest() {
        control::GroupState state;
        state.set_epoch(kEpoch);
        state.set_master(raw(kSelf));
        state.set_asked_ns(static_cast<std::uint64_t>(loop->now().time_since_epoch().count()));
        work.take_state(state);
    }
    void set_policy(const std::string& text) {
        StaticData data;
        data.routing_policy = text;
        work.set_static(data);
    }
    // The controller tells both nodes' CPU; our answer is kept in `shares`.
    void balance(double own_cpu, double other_cpu) {
        control::GroupLoads loads;
        loads.set_epoch(kEpoch);
        for (const auto& [node, cpu] : {std::pair{kSelf, own_cpu}, std::pair{kOther, other_cpu}}) {
            control::MemberLoad& load = *loads.add_members();
            load.set_node(raw(node));
            load.set_usable(true);
            load.set_cpu_percent(cpu);
            load.set_share(shares[node]);
        }
        work.take_loads(loads);
    }

    // A master of this epoch assigns us nothing to probe.
    void assign(std::uint64_t epoch) {
        control::ProbeTasks tasks;
        tasks.set_epoch(epoch);
        work.take_tasks(tasks);
    }

    std::map<NodeId, std::uint32_t> shares{{kSelf, 500}, {kOther, 500}};  // in thousandths
    std::unique_ptr<EventLoop> loop = std::move(*EventLoop::make(real_now));
    GroupWork work{*loop,
                   kSelf,
                   [this](const control::ToController& message) {
                       for (const control::MemberShare& share : message.group_shares().members()) {
                           shares[NodeId{static_cast<std::uint16_t>(share.node())}] = share.share();
                       }
                   },
                   {}};
};

TEST_F(GroupWorkTest, TheMasterMovesNoMoreARoundThanThePolicySays) {
    set_policy("policies: [{name: all}]\nlast_mile: {max_moved_percent: 3}\n");
    balance(90, 10);
    EXPECT_EQ(shares[kSelf], 470U);
    balance(90, 10);
    EXPECT_EQ(shares[kSelf], 440U);
    set_policy("");
    balance(90, 10);
    EXPECT_LT(shares[kSelf], 400U) << "a fifth without a policy, from where the shares are";
    EXPECT_EQ(shares[kSelf] + shares[kOther], 1'000U);
}

TEST_F(GroupWorkTest, AHigherTargetLeavesABusyNodeItsShare) {
    set_policy("policies: [{name: all}]\nlast_mile: {target_cpu_percent: 95}\n");
    balance(90, 10);
    EXPECT_EQ(shares[kSelf], 500U);
}

TEST_F(GroupWorkTest, APolicyThatCannotBeReadChangesNothing) {
    set_policy("policies: [{name: all}]\nlast_mile: {max_moved_percent: 3}\n");
    set_policy("policies: [{name: all}]\nlast_mile: {a_later_key: 1}\n");
    balance(90, 10);
    EXPECT_EQ(shares[kSelf], 470U);
}

TEST_F(GroupWorkTest, ARoundOfAFormerMasterIsRefusedAndCounted) {
    assign(kEpoch + 1);
    EXPECT_EQ(work.counts().rounds_obeyed, 1U);
    EXPECT_EQ(work.counts().obeyed_epoch, GroupEpoch{kEpoch + 1});
    EXPECT_FALSE(work.is_master()) << "there is a later one";
    assign(kEpoch);
    EXPECT_EQ(work.counts().rounds_refused, 1U);
    EXPECT_EQ(work.counts().rounds_obeyed, 1U);
    EXPECT_EQ(work.counts().obeyed_epoch, GroupEpoch{kEpoch + 1});
    balance(90, 10);
    EXPECT_EQ(work.counts().shares_set, 0U) << "nor does it set shares any more";
    EXPECT_EQ(shares[kSelf], 500U);
}

}  // namespace
}  // namespace izar
