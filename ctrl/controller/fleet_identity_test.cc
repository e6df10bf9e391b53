#include "ctrl/controller/fleet_identity.h"

#include <gtest/gtest.h>

#include "dataplane/base/testing/temporary_folder.h"

namespace izar {
namespace {

constexpr WallTime kNow{std::chrono::seconds{1'790'000'000}};
const FleetIdentity kOurs{0x1234, {1}, {2}};

class FleetIdentityTest : public testing::Test {
  protected:
    TemporaryFolder folder;
    std::unique_ptr<Store> store = std::move(*open_sqlite_store(folder / "izar.db", StoreOptions{}));
};

TEST_F(FleetIdentityTest, AStoreIsClaimedOnceAndKeepsItsNumber) {
    ASSERT_TRUE(claim_fleet(*store, kOurs, kNow));
    const auto version = store->static_version().value();
    FleetIdentity later = kOurs;
    later.store = 0x9999;
    ASSERT_TRUE(claim_fleet(*store, later, kNow));
    EXPECT_EQ(store->static_version().value(), version);
    DesiredState desired{MasterSecret{}};
    ASSERT_TRUE(desired.refresh(*store));
    EXPECT_EQ(desired.store_number(), 0x1234U);
}

TEST_F(FleetIdentityTest, OtherKeysAreRefusedByTheNameOfTheirFiles) {
    ASSERT_TRUE(claim_fleet(*store, kOurs, kNow));
    FleetIdentity other = kOurs;
    other.authority[31] ^= 1;
    const auto authority = claim_fleet(*store, other, kNow);
    ASSERT_FALSE(authority);
    EXPECT_NE(authority.error().text.find("authority.key"), std::string::npos) << authority.error().text;
    other = kOurs;
    other.master[0] ^= 1;
    const auto master = claim_fleet(*store, other, kNow);
    ASSERT_FALSE(master);
    EXPECT_NE(master.error().text.find("link-master.key"), std::string::npos) << master.error().text;
    EXPECT_TRUE(claim_fleet(*store, kOurs, kNow));
}

TEST(FleetIdentity, TextThatIsNotOursHasNoNumber) {
    EXPECT_EQ(store_number("store: 00000000000000ff\nauthority: "), 255U);
    EXPECT_EQ(store_number(""), 0U);
    EXPECT_EQ(store_number("authority: 12"), 0U);
}

TEST(FleetIdentity, TheMastersHashIsNotTheMaster) {
    EXPECT_NE(master_fingerprint(MasterSecret{1}), master_fingerprint(MasterSecret{2}));
    EXPECT_NE(master_fingerprint(MasterSecret{1}), Fingerprint{1});
}

}  // namespace
}  // namespace izar
