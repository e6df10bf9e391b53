// Who may write: one that leads alone, and programs that write beside whoever leads.
#include <gtest/gtest.h>

#include "ctrl/store/testing/store_suite.h"

namespace izar {
namespace {

TYPED_TEST_SUITE(StoreSuite, Backings);

TYPED_TEST(StoreSuite, WhoLeadsWithoutALeaseDoesNotGetAStoreThatIsLedByOne) {
    granted(this->store().lead_alone());
    granted(this->store().claim(Fence{7}));
    this->reopen();
    EXPECT_EQ(fault_of(this->store().lead_alone()), StoreFault::fenced);
}

TYPED_TEST(StoreSuite, OneChangeIsMadeBesideWhoeverLeads) {
    granted(this->store().claim(Fence{7}));
    this->reopen();
    Inventory inventory;
    inventory.domains = {{"example.com", address("10.0.1.5")}};
    EXPECT_EQ(fault_of(this->store().import_inventory(inventory, kNow)), StoreFault::fenced);
    this->store().write_beside_leaders();
    granted(this->store().import_inventory(inventory, kNow));
    EXPECT_EQ(this->backing().ask_outside("SELECT value FROM izar_state WHERE name = 'fence'"), "7");
    this->reopen();
    granted(this->store().claim(Fence{7}));
    granted(this->store().remove_domain("example.com", kNow));
}

class LeadAloneOverMariadb : public testing::Test {
  protected:
    void SetUp() override {
        if (!backing_.why_not().empty()) {
            GTEST_SKIP() << backing_.why_not();
        }
        first_ = open();
        second_ = open();
        granted(first_->lead_alone());
    }
    std::unique_ptr<Store> open(const std::string& database = "izar") const {
        MariadbAddress address = shared_server().server->address();
        address.database = database;
        return open_mariadb_store(address, {}).value();
    }
    // As if the network between the leader and its database broke, and the server heard of it.
    void cut_leader_off() const {
        const std::string holder = backing_.ask_outside("SELECT IS_USED_LOCK(CONCAT('izar_lead_', MD5('izar')))");
        backing_.run_outside("KILL " + holder);
        // A session that is killed gives its lock back a moment later.
        EXPECT_EQ(backing_.ask_outside("SELECT GET_LOCK(CONCAT('izar_lead_', MD5('izar')), 20)"), "1");
    }
    static StoreResult<void> write(Store& store, std::uint8_t number) {
        return store.create_token(token_number(number), {.region = "eu"}, kNow).map([](const TokenRecord&) {});
    }

    MariadbTestStore backing_;
    std::unique_ptr<Store> first_;
    std::unique_ptr<Store> second_;
};

TEST_F(LeadAloneOverMariadb, ASecondOneIsToldToStopTheFirstOrToUseEtcd) {
    const auto refused = second_->lead_alone();
    ASSERT_EQ(fault_of(refused), StoreFault::refused);
    EXPECT_NE(refused.error().text.find("another izar-controller leads on database izar"), std::string::npos)
        << refused.error().text;
    EXPECT_NE(refused.error().text.find("etcd.endpoints"), std::string::npos) << refused.error().text;
    first_.reset();
    granted(second_->lead_alone());
}

TEST_F(LeadAloneOverMariadb, AnotherDatabaseOfTheServerIsAnothersFleet) {
    backing_.run_outside("CREATE DATABASE IF NOT EXISTS izar_other");
    granted(open("izar_other")->lead_alone());
    backing_.run_outside("DROP DATABASE izar_other");
}

TEST_F(LeadAloneOverMariadb, ALeaderWhoseConnectionBrokeLeadsOnOverANewOne) {
    cut_leader_off();
    granted(write(*first_, 1));
    EXPECT_EQ(fault_of(second_->lead_alone()), StoreFault::refused);
    ASSERT_TRUE(shared_server().server->crash_and_restart());
    granted(write(*first_, 2));
    EXPECT_EQ(fault_of(second_->lead_alone()), StoreFault::refused);
}

TEST_F(LeadAloneOverMariadb, ALeaderWhoseConnectionBrokeWritesNothingWhenAnotherLeadsSince) {
    cut_leader_off();
    granted(second_->lead_alone());
    granted(write(*second_, 1));
    const auto refused = write(*first_, 2);
    ASSERT_EQ(fault_of(refused), StoreFault::fenced);
    EXPECT_NE(refused.error().text.find("another izar-controller leads"), std::string::npos) << refused.error().text;
    EXPECT_EQ(fault_of(write(*first_, 2)), StoreFault::fenced) << "and not the next time either";
    EXPECT_EQ(granted(second_->tokens()).size(), 1U);
    second_.reset();
    granted(write(*first_, 2));
    EXPECT_EQ(granted(first_->tokens()).size(), 2U);
}

}  // namespace
}  // namespace izar
