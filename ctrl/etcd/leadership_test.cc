#include "ctrl/etcd/leadership.h"

#include <gtest/gtest.h>

#include <thread>

#include "ctrl/etcd/testing/etcd_test.h"
#include "ctrl/etcd/testing/etcd_users.h"
#include "ctrl/etcd/testing/lossy_endpoint.h"
#include "ctrl/store/testing/store_suite.h"

// Against a real etcd, and where it says "store" a real MariaDB.
namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LeadershipTest : public EtcdTest {
  protected:
    struct Controller {
        Controller(const std::string& endpoint, const std::string& name)
            : client({endpoint}, seconds{1}),
              leadership(client, "/izar", name, kLease, {"at-" + name, name + ":7443"}) {}
        EtcdClient client;
        Leadership leadership;
    };
    std::unique_ptr<Controller> controller(const std::string& name) {
        return std::make_unique<Controller>(server().endpoint(), name);
    }
};

TEST_F(LeadershipTest, OneLeadsAndAllAreListed) {
    const auto first = controller("a");
    const auto second = controller("b");
    ASSERT_TRUE(first->leadership.step(now()));
    ASSERT_TRUE(second->leadership.step(now()));
    EXPECT_TRUE(first->leadership.leads(now()));
    EXPECT_FALSE(second->leadership.leads(now()));
    const std::vector<Member> both{{"a", {"at-a", "a:7443"}, true}, {"b", {"at-b", "b:7443"}, false}};
    EXPECT_EQ(second->leadership.members().value(), both);
}

// Another token is asked for when the last one is over.
TEST_F(LeadershipTest, LeadsAsAUserWhereEtcdAsksForOne) {
    ASSERT_TRUE(ask_for_users(server().endpoint(), "root", "hunter2"));
    const auto stranger = controller("a");
    EXPECT_FALSE(stranger->leadership.step(now()));
    EtcdClient wrong({server().endpoint()}, seconds{1}, {.user = "root", .password = "hunter3"});
    EXPECT_FALSE(wrong.list("/"));
    EtcdClient client({server().endpoint()}, seconds{1}, {.user = "root", .password = "hunter2"});
    Leadership leadership(client, "/izar", "b", kLease);
    ASSERT_TRUE(leadership.step(now()));
    EXPECT_TRUE(leadership.leads(now()));
    ASSERT_TRUE(forget_tokens(server().endpoint(), "root", "hunter2"));
    ASSERT_TRUE(leadership.step(now()));
    EXPECT_EQ(leadership.members().value().size(), 1U);
}

TEST_F(LeadershipTest, LeadsOverTlsWhereBothSidesShowCertificates) {
    const EtcdCertificates ours;
    const EtcdCertificates others;
    const auto etcd = EtcdServer::start(&ours);
    ASSERT_TRUE(etcd) << etcd.error().text;
    const auto why_not = [&](const EtcdAccess& access) {
        EtcdClient client({(*etcd)->endpoint()}, seconds{1}, access);
        const auto listed = client.list("/");
        return listed ? "" : listed.error().text;
    };
    EXPECT_EQ(why_not(access_by(ours)), "");
    EXPECT_NE(why_not({}), "") << "the system's CAs did not sign it";
    EXPECT_NE(why_not({.ca_file = ours.ca_file()}), "") << "etcd asks for a certificate";
    EtcdAccess stranger = access_by(others);
    EXPECT_NE(why_not(stranger).find("certificate"), std::string::npos) << why_not(stranger);
    stranger.ca_file = ours.ca_file();
    EXPECT_NE(why_not(stranger), "") << "another CA's client";

    EtcdClient client({(*etcd)->endpoint()}, seconds{1}, access_by(ours));
    Leadership leadership(client, "/izar", "a", kLease);
    ASSERT_TRUE(leadership.step(now()));
    EXPECT_TRUE(leadership.leads(now()));
}

TEST_F(LeadershipTest, SteppingDownWakesTheNextWhoseFenceIsHigher) {
    const auto first = controller("a");
    const auto second = controller("b");
    ASSERT_TRUE(first->leadership.step(now()));
    const Fence former = first->leadership.leads(now()).value();
    Result<void> waited;
    const auto begun = std::chrono::steady_clock::now();
    std::thread waiting([&] { waited = second->leadership.wait_for_turn(seconds{20}); });
    ASSERT_TRUE(first->leadership.step_down());
    waiting.join();
    ASSERT_TRUE(waited) << waited.error().text;
    EXPECT_LT(std::chrono::steady_clock::now() - begun, seconds{10});  // woken, not timed out
    ASSERT_TRUE(second->leadership.step(now()));
    EXPECT_GT(second->leadership.leads(now()).value(), former);
    EXPECT_FALSE(first->leadership.leads(now()));
}

TEST_F(LeadershipTest, ALeaseThatIsRenewedOutlivesItsFirstTerm) {
    const auto first = controller("a");
    ASSERT_TRUE(first->leadership.step(now()));
    const Fence fence = first->leadership.leads(now()).value();
    const auto end = std::chrono::steady_clock::now() + 2 * kLease;
    while (std::chrono::steady_clock::now() < end) {
        ASSERT_TRUE(first->leadership.step(now()));
        ASSERT_EQ(first->leadership.leads(now()), fence);
        std::this_thread::sleep_for(milliseconds{200});
    }
}

TEST_F(LeadershipTest, WithoutEtcdALeaderStopsByItsOwnClock) {
    const auto first = controller("a");
    const Instant asked = now();
    ASSERT_TRUE(first->leadership.step(asked));
    server().freeze();
    EXPECT_FALSE(first->leadership.step(now()));  // times out; nothing is known
    EXPECT_TRUE(first->leadership.leads(asked + kLease - milliseconds{1}));
    EXPECT_FALSE(first->leadership.leads(asked + kLease));
    server().thaw();
}

// The leader sleeps through its lease and believes in it. Its fence is what stops it.
TEST_F(LeadershipTest, ALeaderThatOversleptWritesNothingIntoTheStore) {
    if (!shared_server().server) {
        GTEST_SKIP() << shared_server().why_not;
    }
    const MariadbTestStore backing;
    const auto first_store = backing.open({});
    const auto second_store = backing.open({});
    ASSERT_TRUE(first_store && second_store);
    const auto first = controller("a");
    const auto second = controller("b");
    ASSERT_TRUE(first->leadership.step(now()));
    granted((*first_store)->claim(first->leadership.leads(now()).value()));
    granted((*first_store)->create_token(token_number(1), {.region = "eu"}, kNow));

    // Nobody renews the first one's lease.
    ASSERT_TRUE(second->leadership.step(now()));
    while (!second->leadership.leads(now())) {
        ASSERT_TRUE(second->leadership.wait_for_turn(seconds{1}));
        ASSERT_TRUE(second->leadership.step(now()));
    }
    granted((*second_store)->claim(second->leadership.leads(now()).value()));

    EXPECT_EQ(fault_of((*first_store)->create_token(token_number(2), {.region = "eu"}, kNow)), StoreFault::fenced);
    EXPECT_EQ(fault_of((*first_store)->revoke_node(NodeId{1}, kNow)), StoreFault::fenced);
    granted((*second_store)->create_token(token_number(3), {.region = "eu"}, kNow));
    EXPECT_EQ(granted((*second_store)->tokens()).size(), 2U);  // those of the two leaders, each in its time
    EXPECT_TRUE(first->leadership.step(now()));                // learns that its lease is over
    EXPECT_FALSE(first->leadership.leads(now()));
}

TEST(EtcdClient, SaysWhatToDoWhenNobodyAnswers) {
    EtcdClient client({"http://127.0.0.1:1"}, milliseconds{500});
    const auto listing = client.list("/");
    ASSERT_FALSE(listing);
    EXPECT_NE(listing.error().text.find("look after its members"), std::string::npos);
}

TEST_F(LeadershipTest, AnEndpointThatIsDeadIsPassedOver) {
    EtcdClient client({"http://127.0.0.1:1", server().endpoint()}, seconds{1});
    EXPECT_TRUE(client.list("/"));
}

// The first endpoint makes the leader's key and its answer is lost; the second finds the key there.
TEST_F(LeadershipTest, WhoseWinIsLostOnTheWayLeadsAllTheSame) {
    const LossyEndpoint lossy(server().endpoint(), "/v3/kv/txn");
    EtcdClient client({lossy.endpoint(), server().endpoint()}, seconds{5});
    Leadership first(client, "/izar", "a", seconds{60}, {});
    ASSERT_TRUE(first.step(now()));
    ASSERT_EQ(lossy.lost(), 1);
    const auto fence = first.leads(now());
    ASSERT_TRUE(fence);
    const auto found = client.list("/izar/leader");
    ASSERT_TRUE(found && found->entries.size() == 1);
    EXPECT_EQ(found->entries[0].created, static_cast<std::uint64_t>(*fence));
    const auto second = controller("b");
    ASSERT_TRUE(second->leadership.step(now()));
    EXPECT_FALSE(second->leadership.leads(now()));
}

TEST_F(LeadershipTest, KeysAndValuesAreAnyBytes) {
    EtcdClient client({server().endpoint()}, seconds{1});
    const auto lease = client.grant(seconds{60});
    ASSERT_TRUE(lease);
    for (const std::string& value : {std::string("\0\xFF\xFE", 3), std::string("a"), std::string("ab")}) {
        ASSERT_TRUE(client.put("/k\xFF" + value, value, *lease));
    }
    const auto found = client.list("/k\xFF");
    ASSERT_TRUE(found);
    ASSERT_EQ(found->entries.size(), 3U);
    EXPECT_EQ(found->entries[0].value, std::string("\0\xFF\xFE", 3));
    EXPECT_EQ(found->entries[2].value, "ab");
    ASSERT_TRUE(client.revoke(*lease));
    EXPECT_TRUE(client.list("/k\xFF")->entries.empty());
    EXPECT_EQ(client.keep_alive(*lease).value(), std::nullopt);
}

}  // namespace
}  // namespace izar
