// A store whose MariaDB falls silent amid a call: packets vanish. Real MariaDB, real packets.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <thread>

#include "ctrl/store/testing/black_hole.h"
#include "ctrl/store/testing/mariadb_server.h"
#include "ctrl/store/testing/store_suite.h"
#include "dataplane/base/testing/installed.h"

namespace izar {
namespace {

using std::chrono::seconds;

// Calls what the test wants at one place.
class ActAt final : public FailPoints {
  public:
    void reached(std::string_view operation, std::string_view step) override {
        if (act != nullptr && operation == "set_document" && step == place) {
            std::exchange(act, nullptr)();
        }
    }
    std::string place;
    std::function<void()> act;
};

class SilentStoreTest : public testing::Test {
  protected:
    void SetUp() override {
        if (geteuid() != 0 || !is_installed("mariadbd") || !is_installed("nft")) {
            GTEST_SKIP() << "needs root, mariadbd and nft";
        }
        hole = std::make_unique<BlackHole>();
        auto started = MariadbServer::start(hole->name());
        ASSERT_TRUE(started) << started.error().text;
        database = *std::move(started);
        MariadbAddress at;
        at.host = hole->address();
        at.connect_limit = seconds{1};
        at.answer_limit = seconds{4};
        auto opened = open_mariadb_store(at, {.fail_points = &points});
        ASSERT_TRUE(opened) << opened.error().text;
        store = *std::move(opened);
        ASSERT_TRUE(store->set_document("known", "before", kNow));
    }
    StoreResult<Document> write_while(const std::string& place, std::function<void()> act) {
        points.place = place;
        points.act = std::move(act);
        return store->set_document("late", "text", kNow);
    }
    // What is stored, as soon as the store answers again.
    bool is_stored_at_last(const std::string& name) {
        hole->let_through();
        auto found = store->documents();
        for (int tries = 0; !found && tries < 600; ++tries) {
            std::this_thread::sleep_for(std::chrono::milliseconds{100});
            found = store->documents();
        }
        EXPECT_TRUE(found) << found.error().text;
        return found && std::ranges::find(*found, name, &Document::name) != found->end();
    }

    std::unique_ptr<BlackHole> hole;
    std::unique_ptr<MariadbServer> database;
    ActAt points;
    std::unique_ptr<Store> store;
};

TEST_F(SilentStoreTest, AnUnansweredStatementLeavesNothing) {
    const auto written = write_while("fenced", [&] { hole->swallow(); });
    EXPECT_EQ(fault_of(written), StoreFault::unavailable) << written.error().text;
    EXPECT_EQ(fault_of(store->nodes()), StoreFault::unavailable);
    EXPECT_FALSE(is_stored_at_last("late"));
    EXPECT_TRUE(is_stored_at_last("known"));
    EXPECT_TRUE(store->set_document("late", "text", kNow));
}

TEST_F(SilentStoreTest, AnUnansweredCommitThatWasHeardIsUnknownAndThere) {
    const auto written = write_while("before_commit", [&] { hole->swallow_answers(); });
    EXPECT_EQ(fault_of(written), StoreFault::unknown) << written.error().text;
    EXPECT_NE(written.error().text.find("may or may not have been stored"), std::string::npos) << written.error().text;
    EXPECT_TRUE(is_stored_at_last("late"));
    EXPECT_TRUE(store->set_document("late", "text", kNow)) << "asking again does no harm";
}

TEST_F(SilentStoreTest, AnUnansweredCommitThatVanishedIsUnknownToo) {
    const auto written = write_while("before_commit", [&] { hole->swallow(); });
    EXPECT_EQ(fault_of(written), StoreFault::unknown) << written.error().text;
    (void)is_stored_at_last("late");  // who knows
    EXPECT_TRUE(store->set_document("late", "text", kNow));
    EXPECT_TRUE(is_stored_at_last("late"));
}

}  // namespace
}  // namespace izar
