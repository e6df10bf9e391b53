#include "ctrl/store/store.h"

#include <filesystem>
#include <fstream>

#include "ctrl/store/mariadb_connection.h"
#include "ctrl/store/testing/store_suite.h"

// Nodes and tokens: who may join, and what is remembered of it.
namespace izar {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TYPED_TEST_SUITE(StoreSuite, Backings);

TYPED_TEST(StoreSuite, StartsEmpty) {
    EXPECT_TRUE(granted(this->store().nodes()).empty());
    EXPECT_TRUE(granted(this->store().tokens()).empty());
    EXPECT_EQ(granted(this->store().static_version()), StaticVersion{0});
}

TYPED_TEST(StoreSuite, ATokenLetsANodeInAndIsUsedUp) {
    const auto token = granted(this->store().create_token(token_number(1), {.region = "eu"}, kNow));
    EXPECT_EQ(token.expires_at, kNow + hours{1});
    const NodeRecord node = granted(this->store().join(this->request(1), kNow));
    EXPECT_EQ(node.id, NodeId{1});
    EXPECT_EQ(node.state, NodeState::joined);
    EXPECT_EQ(node.region, "eu");
    EXPECT_EQ(granted(this->store().node(node.id)), node);
    EXPECT_EQ(granted(this->store().tokens()).at(0).uses_left, 0U);

    JoinRequest other = this->request(2);
    other.token = token_number(1);
    EXPECT_EQ(fault_of(this->store().join(other, kNow)), StoreFault::denied);
}

TYPED_TEST(StoreSuite, AJoinWhoseAnswerGotLostGivesTheSameNodeAgain) {
    const NodeRecord first = this->joined(1);
    EXPECT_EQ(granted(this->store().join(this->request(1), kNow + hours{5})), first);
    EXPECT_EQ(granted(this->store().nodes()).size(), 1U);
    EXPECT_EQ(granted(this->store().static_version()), first.version);
}

TYPED_TEST(StoreSuite, ATokenEndsWithItsTime) {
    granted(this->store().create_token(token_number(1), {.region = "eu", .ttl = milliseconds{1000}}, kNow));
    EXPECT_EQ(fault_of(this->store().join(this->request(1), kNow + milliseconds{1000})), StoreFault::denied);
    EXPECT_TRUE(this->store().join(this->request(1), kNow + milliseconds{999}));
}

TYPED_TEST(StoreSuite, AWrongSecretIsDeniedLikeAnUnknownToken) {
    granted(this->store().create_token(token_number(1), {.region = "eu"}, kNow));
    JoinRequest wrong = this->request(1);
    wrong.token.back() = wrong.token.back() == '0' ? '1' : '0';
    const auto with_wrong_secret = this->store().join(wrong, kNow);
    const auto with_unknown_id = this->store().join(this->request(2), kNow);
    EXPECT_EQ(fault_of(with_wrong_secret), StoreFault::denied);
    EXPECT_EQ(with_wrong_secret.error().text, with_unknown_id.error().text);
    EXPECT_TRUE(this->store().join(this->request(1), kNow));
}

TYPED_TEST(StoreSuite, AWithdrawnTokenLetsNobodyIn) {
    const auto token = granted(this->store().create_token(token_number(1), {.region = "eu", .uses = 9}, kNow));
    granted(this->store().withdraw_token(token.id, kNow));
    EXPECT_EQ(fault_of(this->store().join(this->request(1), kNow)), StoreFault::denied);
    EXPECT_TRUE(granted(this->store().tokens()).at(0).withdrawn);
    EXPECT_EQ(fault_of(this->store().withdraw_token("0000000000000000", kNow)), StoreFault::missing);
}

TYPED_TEST(StoreSuite, CreatingTheSameTokenAgainChangesNothing) {
    const auto token = granted(this->store().create_token(token_number(1), {.region = "eu"}, kNow));
    EXPECT_EQ(granted(this->store().create_token(token_number(1), {.region = "us", .uses = 7}, kNow)), token);
    TokenRandom other{};
    other.fill(1);
    other.back() = 2;  // the same id, another secret
    EXPECT_EQ(fault_of(this->store().create_token(new_token(other), {.region = "eu"}, kNow)), StoreFault::refused);
}

TYPED_TEST(StoreSuite, TheSecretOfATokenIsNotInTheStore) {
    granted(this->store().create_token(token_number(7), {.region = "eu"}, kNow));
    const std::string secret = token_number(7).substr(token_number(7).rfind('-') + 1);
    const std::string kept = this->backing().ask_outside("SELECT secret_digest FROM izar_tokens");
    EXPECT_EQ(kept, digest_text(sha256(secret)));
    EXPECT_EQ(kept.find(secret), std::string::npos);
}

TYPED_TEST(StoreSuite, TokensThatMakeNoSenseAreRefused) {
    const auto refused = [&](const TokenSpec& spec) {
        return fault_of(this->store().create_token(token_number(1), spec, kNow)) == StoreFault::refused;
    };
    EXPECT_TRUE(refused({.region = ""}));
    EXPECT_TRUE(refused({.region = "eu west"}));
    EXPECT_TRUE(refused({.region = "eu", .ttl = milliseconds{0}}));
    EXPECT_TRUE(refused({.region = "eu", .ttl = hours{24 * 367}}));
    EXPECT_TRUE(refused({.region = "eu", .uses = 0}));
    EXPECT_EQ(fault_of(this->store().create_token("izar1-xy", {.region = "eu"}, kNow)), StoreFault::refused);
}

TYPED_TEST(StoreSuite, TwoNodesCannotHaveOneAddressOrName) {
    this->joined(1);
    granted(this->store().create_token(token_number(2), {.region = "eu"}, kNow));
    JoinRequest same_address = this->request(2);
    same_address.address = address("10.0.0.1");
    EXPECT_EQ(fault_of(this->store().join(same_address, kNow)), StoreFault::refused);
    JoinRequest same_name = this->request(2);
    same_name.name = "node-1";
    EXPECT_EQ(fault_of(this->store().join(same_name, kNow)), StoreFault::refused);
    EXPECT_EQ(granted(this->store().tokens()).at(1).uses_left, 1U);  // a refusal costs no use
    EXPECT_TRUE(this->store().join(this->request(2), kNow));
}

TYPED_TEST(StoreSuite, ARevokedNodeIsNeverResurrectedAndItsIdNeverGivenAgain) {
    const NodeRecord first = this->joined(1);
    granted(this->store().revoke_node(first.id, kNow + hours{1}));
    granted(this->store().revoke_node(first.id, kNow + hours{2}));  // again: no change
    const auto revoked = granted(this->store().node(first.id)).value();
    EXPECT_EQ(revoked.state, NodeState::revoked);
    EXPECT_EQ(revoked.revoked_at, kNow + hours{1});
    EXPECT_EQ(fault_of(this->store().join(this->request(1), kNow)), StoreFault::denied);
    EXPECT_EQ(fault_of(this->store().set_drained(first.id, true, kNow)), StoreFault::missing);
    EXPECT_EQ(fault_of(this->store().revoke_node(NodeId{99}, kNow)), StoreFault::missing);

    // Its address and name are free again, its id is not, also after a restart.
    this->reopen();
    granted(this->store().create_token(token_number(2), {.region = "eu"}, kNow));
    JoinRequest successor = this->request(1);
    successor.token = token_number(2);
    successor.key.fill(0xAA);
    EXPECT_EQ(granted(this->store().join(successor, kNow)).id, NodeId{2});
}

TYPED_TEST(StoreSuite, ARevokedKeyDoesNotComeBackByATokenWithUsesLeft) {
    granted(this->store().create_token(token_number(1), {.region = "eu", .uses = 5}, kNow));
    const NodeRecord node = granted(this->store().join(this->request(1), kNow));
    granted(this->store().revoke_node(node.id, kNow));
    EXPECT_EQ(fault_of(this->store().join(this->request(1), kNow)), StoreFault::denied);
    JoinRequest other = this->request(2);
    other.token = token_number(1);
    EXPECT_TRUE(this->store().join(other, kNow));
}

TYPED_TEST(StoreSuite, DrainingShowsAndIsTakenBack) {
    const NodeRecord node = this->joined(1);
    granted(this->store().set_drained(node.id, true, kNow));
    EXPECT_TRUE(granted(this->store().node(node.id))->drained);
    const auto version = granted(this->store().static_version());
    granted(this->store().set_drained(node.id, true, kNow));
    EXPECT_EQ(granted(this->store().static_version()), version);
    granted(this->store().set_drained(node.id, false, kNow));
    EXPECT_FALSE(granted(this->store().node(node.id))->drained);
}

TYPED_TEST(StoreSuite, ANodeIsSeenOnceAndForAll) {
    const NodeRecord node = this->joined(1);
    EXPECT_FALSE(node.was_seen());
    const NodeId nobody{99};
    granted(this->store().mark_seen({&nobody, 1}, kNow));
    EXPECT_EQ(granted(this->store().static_version()), node.version) << "nothing was changed";
    granted(this->store().mark_seen({&node.id, 1}, kNow + hours{1}));
    this->reopen();
    const NodeRecord seen = *granted(this->store().node(node.id));
    EXPECT_EQ(seen.seen_at, kNow + hours{1});
    EXPECT_GT(seen.version, node.version);
    granted(this->store().mark_seen({&node.id, 1}, kNow + hours{2}));
    EXPECT_EQ(*granted(this->store().node(node.id)), seen);
    EXPECT_EQ(granted(this->store().join(this->request(1), kNow)), seen) << "a repeated join forgets nothing";
}

// Schema 2 did not know who was seen. The migration may be cut off after its first statement, where nothing undoes it.
TYPED_TEST(StoreSuite, NodesOfAnOlderSchemaThatHadJoinedCountAsSeen) {
    Inventory inventory;
    inventory.nodes = {{.name = "ams-1", .region = "eu", .address = address("10.0.0.9")}};
    granted(this->store().import_inventory(inventory, kNow));
    const NodeId node = this->joined(1).id;
    this->close();
    this->backing().run_outside(
        "UPDATE izar_state SET value = 2 WHERE name = 'schema';"
        "ALTER TABLE izar_nodes DROP COLUMN seen_ms;");
    this->reopen();
    EXPECT_TRUE(granted(this->store().node(node))->was_seen());
    EXPECT_FALSE(granted(this->store().node(NodeId{1}))->was_seen()) << "it was only declared";
}

// Schema 5 knew no VIPs at nodes.
TYPED_TEST(StoreSuite, ServicesOfAnOlderSchemaGetVipsAtNodes) {
    const NodeId node = this->joined(1).id;
    granted(this->store().set_service(service_named("web", "203.0.113.1", "10.1.0.1"), kNow));
    this->close();
    this->backing().run_outside(
        "UPDATE izar_state SET value = 5 WHERE name = 'schema';"
        "DROP TABLE izar_node_vips;");
    this->reopen();
    const NodeVip vip{.node = node, .address = address("10.1.0.80")};
    granted(this->store().set_service(service_named("web", "203.0.113.1", "10.1.0.1"), {&vip, 1}, kNow));
    EXPECT_EQ(granted(this->store().services()).at(0).node_vips.at(0).address, vip.address);
}

TYPED_TEST(StoreSuite, ADeclaredNodeJoinsWithItsOwnIdAndRegion) {
    Inventory inventory;
    inventory.nodes = {{.name = "ams-1", .region = "eu", .address = address("10.0.0.9")},
                       {.name = "node-1", .region = "eu", .address = address("10.0.0.1"), .description = "rack 4"}};
    granted(this->store().import_inventory(inventory, kNow));
    EXPECT_EQ(granted(this->store().node(NodeId{2}))->state, NodeState::declared);
    const NodeRecord node = this->joined(1);
    EXPECT_EQ(node.id, NodeId{2});
    EXPECT_EQ(node.description, "rack 4");

    granted(this->store().create_token(token_number(9), {.region = "us"}, kNow));
    EXPECT_EQ(fault_of(this->store().join(this->request(9), kNow)), StoreFault::refused);  // its region is eu
}

// Whoever writes into node_region by hand may write any id.
TYPED_TEST(StoreSuite, IdsAtTheTopLeaveThoseBelowToBeGiven) {
    const NodeId first = this->joined(1).id;
    this->backing().run_outside(
        "INSERT INTO node_region (id, ip, region) VALUES (2000000000, '10.9.0.1', 'eu');"
        "INSERT INTO node_region (id, ip, region) VALUES (65535, '10.9.0.2', 'eu');");
    const NodeId second = this->joined(2).id;
    EXPECT_EQ(second, NodeId{static_cast<std::uint16_t>(raw(first) + 1)});
    granted(this->store().revoke_node(second, kNow));
    EXPECT_EQ(this->joined(3).id, NodeId{static_cast<std::uint16_t>(raw(second) + 1)})
        << "a given id is never given again";
}

TYPED_TEST(StoreSuite, WhatWasAcknowledgedIsThereAfterReopening) {
    const NodeRecord first = this->joined(1);
    const NodeRecord second = this->joined(2, "us");
    granted(this->store().revoke_node(first.id, kNow));
    const auto service = granted(this->store().set_service(service_named("web", "203.0.113.1", "10.1.0.1"), kNow));
    const auto version = granted(this->store().static_version());
    this->reopen();
    EXPECT_EQ(granted(this->store().node(first.id))->state, NodeState::revoked);
    EXPECT_EQ(granted(this->store().node(second.id)), second);
    EXPECT_EQ(granted(this->store().services()).at(0).service.id, service.service.id);
    EXPECT_EQ(granted(this->store().static_version()), version);
}

TYPED_TEST(StoreSuite, AHigherFenceShutsTheFormerLeaderOut) {
    granted(this->store().claim(Fence{7}));
    this->joined(1);
    this->backing().run_outside("UPDATE izar_state SET value = 8 WHERE name = 'fence'");  // another one claims
    const auto before = granted(this->store().static_version());
    EXPECT_EQ(fault_of(this->store().create_token(token_number(2), {.region = "eu"}, kNow)), StoreFault::fenced);
    EXPECT_EQ(fault_of(this->store().revoke_node(NodeId{1}, kNow)), StoreFault::fenced);
    EXPECT_EQ(fault_of(this->store().join(this->request(2), kNow)), StoreFault::fenced);
    EXPECT_EQ(fault_of(this->store().set_domain("example.com", address("10.0.1.5"), "", kNow)), StoreFault::fenced);
    EXPECT_EQ(fault_of(this->store().write_link_metrics({}, {})), StoreFault::fenced);
    EXPECT_EQ(fault_of(this->store().claim(Fence{7})), StoreFault::fenced);
    EXPECT_EQ(granted(this->store().static_version()), before);
    EXPECT_EQ(granted(this->store().tokens()).size(), 1U);
    granted(this->store().claim(Fence{9}));
    EXPECT_TRUE(this->store().create_token(token_number(2), {.region = "eu"}, kNow));
}

TYPED_TEST(StoreSuite, ANewerSchemaIsRefused) {
    this->close();
    this->backing().run_outside("UPDATE izar_state SET value = 999 WHERE name = 'schema'");
    const auto opened = this->backing().open({});
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().text.find("schema 999"), std::string::npos) << opened.error().text;
}

TEST(SqliteStore, BelongsToOneControllerAtATimeAndToItsOwner) {
    const SqliteTestStore backing;
    const auto first = backing.open({});
    ASSERT_TRUE(first);
    const auto second = backing.open({});
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().text.find("another controller"), std::string::npos) << second.error().text;
    using std::filesystem::perms;
    const auto mode = std::filesystem::status(backing.path()).permissions();
    EXPECT_EQ(mode & (perms::group_all | perms::others_all), perms::none);
}

TEST(SqliteStore, SaysWhatToDoWithoutAFolderOrWithAnotherFile) {
    EXPECT_FALSE(open_sqlite_store("/nowhere/at/all/izar.db", {}));
    const SqliteTestStore backing;
    std::ofstream(backing.path()) << "this is no database, and longer than a header of one hundred bytes has to be so "
                                     "that SQLite does not take it for an empty file";
    const auto opened = backing.open({});
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().text.find("not a database"), std::string::npos) << opened.error().text;
}

TEST(MariadbStore, LivesOnWithAServerThatWasRestarted) {
    const MariadbTestStore backing;
    if (!backing.why_not().empty()) {
        GTEST_SKIP() << backing.why_not();
    }
    auto store = backing.open({});
    ASSERT_TRUE(store) << store.error().text;
    granted((*store)->create_token(token_number(1), {.region = "eu"}, kNow));
    ASSERT_TRUE(shared_server().server->crash_and_restart());
    EXPECT_EQ(granted((*store)->tokens()).size(), 1U);
    EXPECT_TRUE((*store)->create_token(token_number(2), {.region = "eu"}, kNow));
}

TEST(MariadbStore, WhoIsCutOffAmidATransactionKeepsNobodyFromLeading) {
    const MariadbTestStore backing;
    if (!backing.why_not().empty()) {
        GTEST_SKIP() << backing.why_not();
    }
    const auto store = backing.open({});
    ASSERT_TRUE(store) << store.error().text;
    const auto cut_off = open_mariadb(shared_server().server->address());
    ASSERT_TRUE(cut_off) << cut_off.error().text;
    ASSERT_TRUE((*cut_off)->begin(Durability::full));
    ASSERT_TRUE((*cut_off)->query("SELECT name FROM izar_state FOR UPDATE", {}));
    const auto claimed = (*store)->claim(Fence{5});
    EXPECT_TRUE(claimed) << claimed.error().text;
    EXPECT_FALSE((*cut_off)->commit());
}

}  // namespace
}  // namespace izar
