// Against a real etcd.
#include "ctrl/etcd/election.h"

#include <gtest/gtest.h>

#include <thread>

#include "ctrl/etcd/testing/etcd_test.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

template <typename Condition>
bool wait_until(Condition condition, seconds patience) {
    const Instant deadline = now() + patience;
    while (!condition() && now() < deadline) {
        std::this_thread::sleep_for(milliseconds{5});
    }
    return condition();
}

class ElectionTest : public EtcdTest {
  protected:
    std::unique_ptr<Election> candidate(const std::string& name) {
        return std::make_unique<Election>(
            ElectionParts{{server().endpoint()}, "/izar", name, {name + ":7444", name + ":7443"}, kLease, now});
    }
};

TEST_F(ElectionTest, OneLeadsAndAnotherFollowsAtOnceWhenItEnds) {
    auto first = candidate("a");
    ASSERT_TRUE(wait_until([&] { return first->leads(now()).has_value(); }, seconds{10})) << first->problem();
    const Fence former = *first->leads(now());
    const auto second = candidate("b");
    ASSERT_TRUE(wait_until([&] { return second->members().size() == 2; }, seconds{10})) << second->problem();
    const std::vector<Member> both{{"a", {"a:7444", "a:7443"}, true}, {"b", {"b:7444", "b:7443"}, false}};
    EXPECT_EQ(second->members(), both);
    EXPECT_FALSE(second->leads(now()));
    EXPECT_EQ(first->leads(now()), former) << "renewed";
    first.reset();
    const Instant ended = now();
    ASSERT_TRUE(wait_until([&] { return second->leads(now()).has_value(); }, seconds{10})) << second->problem();
    EXPECT_LT(now() - ended, kLease) << "not by the lease's end";
    EXPECT_GT(*second->leads(now()), former);
}

TEST_F(ElectionTest, WhoGivesWayLetsAnotherLeadAndIsThereAgainLater) {
    auto first = candidate("a");
    ASSERT_TRUE(wait_until([&] { return first->leads(now()).has_value(); }, seconds{10})) << first->problem();
    const Fence former = *first->leads(now());
    first->give_way(seconds{1});
    EXPECT_FALSE(first->leads(now()));
    const auto second = candidate("b");
    ASSERT_TRUE(wait_until([&] { return first->leads(now()) || second->leads(now()); }, seconds{20}));
    // As soon as it is there, for the first one waits; on a machine that sleeps so long, the first one again.
    const auto& leads = second->leads(now()) ? second : first;
    EXPECT_GT(*leads->leads(now()), former);
    ASSERT_TRUE(wait_until([&] { return second->members().size() == 2; }, seconds{20})) << second->problem();
}

TEST_F(ElectionTest, OfOneThatIsStuckTheLeadIsGivenUp) {
    Election stuck({{server().endpoint()}, "/izar", "a", {}, kLease, now, milliseconds{500}});
    const auto works = [&] {
        stuck.tick(now());
        return stuck.leads(now()).has_value();
    };
    ASSERT_TRUE(wait_until(works, seconds{10})) << stuck.problem();
    const Fence former = *stuck.leads(now());
    const auto other = candidate("b");
    ASSERT_TRUE(wait_until([&] { return other->leads(now()).has_value(); }, seconds{20})) << other->problem();
    EXPECT_FALSE(stuck.leads(now()));
    EXPECT_GT(*other->leads(now()), former);
    EXPECT_FALSE(works()) << "another leads";
    other->give_way(seconds{5});
    EXPECT_TRUE(wait_until(works, seconds{20})) << "it works again";
}

TEST_F(ElectionTest, WithoutEtcdNobodyLeadsAndItIsSaid) {
    const auto first = candidate("a");
    ASSERT_TRUE(wait_until([&] { return first->leads(now()).has_value(); }, seconds{10}));
    server().freeze();
    ASSERT_TRUE(wait_until([&] { return !first->leads(now()); }, 2 * kLease));
    ASSERT_TRUE(wait_until([&] { return !first->problem().empty(); }, seconds{10}));
    server().thaw();
    ASSERT_TRUE(wait_until([&] { return first->leads(now()).has_value(); }, seconds{20})) << first->problem();
    EXPECT_TRUE(wait_until([&] { return first->problem().empty(); }, seconds{10}));
}

}  // namespace
}  // namespace izar
