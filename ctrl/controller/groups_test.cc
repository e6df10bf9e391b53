#include "ctrl/controller/groups.h"

#include <control.pb.h>
#include <gtest/gtest.h>

#include "ctrl/frames/messages.h"
#include "ctrl/store/testing/test_store.h"
#include "ctrl/store/token.h"

namespace izar {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const WallTime kNow{seconds{1'790'000'000}};

class GroupsTest : public testing::Test {
  protected:
    void SetUp() override {
        store = std::move(*backing.open({}));
        for (std::uint8_t number = 1; number <= 3; ++number) {
            TokenRandom random{};
            random[0] = number;
            const std::string token = new_token(random);
            const std::string region = number == 3 ? "us" : "eu";
            ASSERT_TRUE(store->create_token(token, TokenSpec{region, std::chrono::hours{1}, 1}, kNow));
            const auto address = *IpAddress::parse("10.0.0." + std::to_string(number));
            ASSERT_TRUE(store->join({token, "n" + std::to_string(number), address, Digest{number}}, kNow));
        }
        ASSERT_TRUE(fleet.refresh(*store));
    }
    std::unique_ptr<Groups> make() {
        return std::make_unique<Groups>(*store, now, [] { return kNow; });
    }
    const NodeRecord& node(std::uint16_t id) { return fleet.records().at(NodeId{id}); }
    static void add_task(control::GroupTasks& tasks, std::uint32_t member, const std::string& address) {
        tasks.add_tasks()->set_member(member);
        *tasks.mutable_tasks(tasks.tasks_size() - 1)->mutable_target() =
            target_message({*IpAddress::parse(address), 80, kNoNode});
    }

    SqliteTestStore backing;
    std::unique_ptr<Store> store;
    DesiredState fleet{MasterSecret{1}};
    Instant now{seconds{100}};
};

TEST_F(GroupsTest, NoEpochIsGivenTwiceInTheLifeOfAFleet) {
    GroupEpoch last{};
    for (int life = 0; life < 3; ++life) {
        const auto groups = make();
        now += kGroupLease;
        for (int change = 0; change < 3; ++change) {
            const GroupState state = groups->claim(node(change % 2 == 0 ? 1 : 2), now);
            EXPECT_GT(state.epoch, last);
            last = state.epoch;
            now += kGroupLease;
        }
    }
}

TEST_F(GroupsTest, OnlyTheMasterSetsShares) {
    const auto groups = make();
    now += kGroupLease;
    const GroupState former = groups->claim(node(1), now);
    now += kGroupLease;
    const GroupState state = groups->claim(node(2), now);
    ASSERT_EQ(state.master, NodeId{2});
    const auto told = [&](std::uint16_t by, GroupEpoch epoch) {
        control::GroupShares shares;
        shares.set_epoch(raw(epoch));
        for (const std::uint32_t member : {1U, 2U, 70'000U}) {
            shares.add_members()->set_node(member);
            shares.mutable_members(shares.members_size() - 1)->set_share(member == 2 ? 2'000 : 600);
        }
        return groups->shares_told(node(by), shares, now);
    };
    EXPECT_EQ(told(2, state.epoch), (std::map<NodeId, std::uint32_t>{{NodeId{1}, 600}})) << "without what cannot be";
    EXPECT_FALSE(told(1, former.epoch)) << "another leads since";
    EXPECT_FALSE(told(1, state.epoch));
    EXPECT_FALSE(told(2, former.epoch));
    EXPECT_FALSE(told(3, state.epoch)) << "of another region";
    now += kGroupLease;
    EXPECT_FALSE(told(2, state.epoch)) << "its lease is over";
}

TEST_F(GroupsTest, OnlyTheMasterAssignsAndOnlyWhatIsOfTheFleet) {
    const auto groups = make();
    now += kGroupLease;
    const GroupState state = groups->claim(node(1), now);
    ASSERT_EQ(state.master, NodeId{1});
    control::GroupTasks tasks;
    tasks.set_epoch(raw(state.epoch));
    add_task(tasks, 2, "10.0.0.3");
    add_task(tasks, 3, "10.0.0.1");           // of another region
    add_task(tasks, 65'536 + 2, "10.0.0.3");  // no node id
    add_task(tasks, 1, "192.0.2.1");          // a stranger's address
    const auto told = groups->assigned(node(1), tasks, fleet, now);
    ASSERT_TRUE(told);
    ASSERT_EQ(told->size(), 1U);
    ASSERT_EQ(told->at(NodeId{2}).targets_size(), 1);
    EXPECT_EQ(told->at(NodeId{2}).epoch(), raw(state.epoch));
    EXPECT_FALSE(groups->assigned(node(2), tasks, fleet, now)) << "no master";
    EXPECT_FALSE(groups->assigned(node(3), tasks, fleet, now));
    tasks.set_epoch(raw(state.epoch) - 1);
    EXPECT_FALSE(groups->assigned(node(1), tasks, fleet, now)) << "of an epoch that is over";
    tasks.set_epoch(raw(state.epoch));
    EXPECT_FALSE(groups->assigned(node(1), tasks, fleet, now + kGroupLease)) << "its lease is over";
}

TEST_F(GroupsTest, RefusalsAreCountedAndToldNowAndThen) {
    const auto groups = make();
    EXPECT_TRUE(groups->note_refused(node(1), now));
    EXPECT_TRUE(groups->note_refused(node(2), now));
    EXPECT_FALSE(groups->note_refused(node(1), now + kGroupLease - Nanos{1}));
    EXPECT_TRUE(groups->note_refused(node(1), now + kGroupLease));
    const auto rows = groups->rows(fleet, now);
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].refused, 4U);
    EXPECT_EQ(rows[1].refused, 0U) << "another region";
}

TEST_F(GroupsTest, ResultsAreWrittenOnceAndCounted) {
    const auto groups = make();
    control::ProbeResults results;
    *results.add_results()->mutable_target() = target_message({*IpAddress::parse("10.0.0.3"), 80, NodeId{3}});
    results.mutable_results(0)->set_rtt_us(12'600);
    *results.add_results()->mutable_target() = target_message({*IpAddress::parse("10.0.0.2"), 80, NodeId{2}});
    groups->take_results(node(1), results, fleet);
    ASSERT_TRUE(groups->write_round());
    ASSERT_TRUE(groups->write_round());
    const auto written = store->region_probes(kNow - minutes{1});
    ASSERT_TRUE(written);
    ASSERT_EQ(written->size(), 1U);
    EXPECT_EQ(written->at(0).source_ip, "10.0.0.1");
    EXPECT_EQ(written->at(0).target_region, "us");
    EXPECT_EQ(written->at(0).tcp_delay, 13U);
    const auto rows = groups->rows(fleet, now);
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].region, "eu");
    EXPECT_EQ(rows[0].members, 2U);
    EXPECT_EQ(rows[0].answered, 1U);
    EXPECT_EQ(rows[0].lost, 1U);
    EXPECT_EQ(rows[0].state.master, kNoNode);
}

// Their series are a node's to another's; what is no node's has none.
TEST_F(GroupsTest, StampResultsGoIntoHistoryToo) {
    const auto groups = make();
    const auto result = [](const char* address, std::uint16_t id, std::uint32_t samples) {
        Measurement measured{.source = MeasurementSource::stamp, .samples = samples, .lost = 10 - samples};
        measured.mean = std::chrono::microseconds{7'250};
        return result_message({{*IpAddress::parse(address), 862, NodeId{id}, true}, measured});
    };
    control::ProbeResults results;
    *results.add_results() = result("10.0.0.3", 3, 9);
    *results.add_results() = result("10.0.0.2", 2, 0);
    *results.add_results() = result("10.0.0.9", 9, 10);
    groups->take_results(node(1), results, fleet);
    ASSERT_TRUE(groups->write_round());
    const auto series = [&](std::uint16_t to, HistoryMetric metric) {
        return store->history({{NodeId{1}, NodeId{to}}, metric, kNow - minutes{5}, kNow + minutes{5}}).value();
    };
    ASSERT_EQ(series(3, HistoryMetric::stamp_rtt_ms).size(), 1U);
    EXPECT_EQ(series(3, HistoryMetric::stamp_rtt_ms)[0].mean, 7.25);
    EXPECT_EQ(series(3, HistoryMetric::stamp_loss_ratio).at(0).mean, 0.1);
    EXPECT_TRUE(series(2, HistoryMetric::stamp_rtt_ms).empty());
    EXPECT_EQ(series(2, HistoryMetric::stamp_loss_ratio).at(0).mean, 1);
    EXPECT_TRUE(series(9, HistoryMetric::stamp_rtt_ms).empty());
    const auto written = store->region_probes(kNow - minutes{1});
    ASSERT_TRUE(written);
    ASSERT_EQ(written->size(), 2U);
    EXPECT_EQ(written->at(0).tcp_delay, 7U);
    EXPECT_EQ(written->at(0).target_region, "us");
}

}  // namespace
}  // namespace izar
