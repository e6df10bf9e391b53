// A remote database that can fall silent stands in for the server; against real ones run the store's tests and
// tools/controller/black_hole_test.cc.
#include "ctrl/store/side_connection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What the test and the thread beside share.
struct Server {
    std::mutex mutex;
    std::condition_variable changed;
    bool silent = false;
    bool deaf = false;  // to interrupt()
    int interrupts = 0;
    std::vector<std::string> heard;  // what came through

    void set_silent(bool now) {
        const std::lock_guard lock(mutex);
        silent = now;
        changed.notify_all();
    }
    bool hears(const std::string& what) {
        std::unique_lock lock(mutex);
        heard.push_back(what);
        const int before = interrupts;
        changed.wait(lock, [&] { return !silent || (interrupts != before && !deaf); });
        return !silent;
    }
    int count(const std::string& what) {
        const std::lock_guard lock(mutex);
        return static_cast<int>(std::count(heard.begin(), heard.end(), what));
    }
};

class SilentRemote final : public RemoteConnection {
  public:
    explicit SilentRemote(std::shared_ptr<Server> server) : server_(std::move(server)) {}

    SqlDialect dialect() const override { return SqlDialect::mariadb; }
    std::string name() const override { return "the server"; }
    StoreResult<void> connect() override { return told("connect"); }
    void disconnect() noexcept override {}
    StoreResult<void> begin(Durability) override { return told("begin"); }
    StoreResult<void> begin_reading() override { return told("begin reading"); }
    StoreResult<void> commit() override { return told("commit"); }
    void roll_back() noexcept override { (void)told("roll back"); }
    StoreResult<void> hold() override { return told("hold"); }
    StoreResult<std::uint64_t> run(const std::string& statement, const SqlValues& values) override {
        const auto done = told(statement);
        return done ? StoreResult<std::uint64_t>(values.size()) : tl::unexpected(done.error());
    }
    StoreResult<SqlRows> query(const std::string& statement, const SqlValues& values) override {
        const auto done = told(statement);
        return done ? StoreResult<SqlRows>(SqlRows{SqlRow(values)}) : tl::unexpected(done.error());
    }
    void interrupt() noexcept override {
        const std::lock_guard lock(server_->mutex);
        ++server_->interrupts;
        server_->changed.notify_all();
    }

  private:
    StoreResult<void> told(const std::string& what) {
        return server_->hears(what) ? StoreResult<void>{} : store_fail(StoreFault::unavailable, "lost");
    }
    std::shared_ptr<Server> server_;
};

class SideConnectionTest : public testing::Test {
  protected:
    // Of a server that answers nobody is to be late.
    void open(const SideLimits& limits = {seconds{60}, seconds{60}, seconds{60}}) {
        side = std::make_unique<SideConnection>(std::make_unique<SilentRemote>(server), limits);
        ASSERT_TRUE(side->connect());
        side->expect_long(false);
    }
    void open_impatient() { open({seconds{60}, milliseconds{40}, seconds{60}}); }
    // On a busy machine also a server that answers may be late.
    void begin_at_last() {
        while (!side->begin(Durability::full)) {
        }
    }

    std::shared_ptr<Server> server = std::make_shared<Server>();
    std::unique_ptr<SideConnection> side;
};

TEST_F(SideConnectionTest, QuestionsAndAnswersPass) {
    open();
    EXPECT_EQ(side->dialect(), SqlDialect::mariadb);
    ASSERT_TRUE(side->begin(Durability::full));
    EXPECT_EQ(side->run("UPDATE", {std::int64_t{1}, std::int64_t{2}}), 2U);
    const auto rows = side->query("SELECT", {std::string("text")});
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->front().text(0), "text");
    EXPECT_TRUE(side->commit());
    EXPECT_TRUE(side->begin_reading());
    side->roll_back();
    EXPECT_EQ(server->heard, (std::vector<std::string>{"connect", "begin", "UPDATE", "SELECT", "commit",
                                                       "begin reading", "roll back"}));
}

TEST_F(SideConnectionTest, AfterOneSilenceNobodyWaitsUntilThereIsAConnectionAgain) {
    open_impatient();
    server->set_silent(true);
    const auto first = side->begin(Durability::full);
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().fault, StoreFault::unavailable);
    EXPECT_NE(first.error().text.find("the server did not answer within 0.02 s"), std::string::npos)
        << first.error().text;
    for (int i = 0; i < 1'000; ++i) {
        const auto next = side->begin_reading();
        ASSERT_FALSE(next);
        EXPECT_EQ(next.error().fault, StoreFault::unavailable);
        EXPECT_NE(next.error().text.find("is not in reach"), std::string::npos) << next.error().text;
    }
    EXPECT_EQ(server->count("begin reading"), 0) << "the thread beside has better to do";
    server->set_silent(false);
    begin_at_last();
    EXPECT_GE(server->count("connect"), 2) << "what the server had of the former session is nobody's";
}

TEST_F(SideConnectionTest, OnlyACommitWithoutAnswerIsUnknown) {
    open_impatient();
    begin_at_last();
    server->set_silent(true);
    const auto run = side->run("UPDATE", {});
    ASSERT_FALSE(run);
    EXPECT_EQ(run.error().fault, StoreFault::unavailable);
    EXPECT_EQ(side->commit().error().fault, StoreFault::unavailable) << "nothing was sent";
    server->set_silent(false);
    begin_at_last();
    server->set_silent(true);
    const auto commit = side->commit();
    ASSERT_FALSE(commit);
    EXPECT_EQ(commit.error().fault, StoreFault::unknown);
    EXPECT_NE(commit.error().text.find("may or may not have been stored"), std::string::npos) << commit.error().text;
}

TEST_F(SideConnectionTest, UpkeepMayTakeLong) {
    open({seconds{60}, milliseconds{2}, seconds{60}});
    side->expect_long(true);
    std::thread server_wakes([&] {
        while (server->count("DELETE") == 0) {
            std::this_thread::yield();
        }
        std::this_thread::sleep_for(milliseconds{20});
        server->set_silent(false);
    });
    server->set_silent(true);
    EXPECT_TRUE(side->run("DELETE", {}));
    server_wakes.join();
}

TEST_F(SideConnectionTest, ItsEndWaitsForNoServer) {
    open_impatient();
    {
        const std::lock_guard lock(server->mutex);
        server->deaf = true;
    }
    server->set_silent(true);
    EXPECT_FALSE(side->begin(Durability::full));
    side.reset();
    server->set_silent(false);  // so that its thread ends, too
    while (server.use_count() > 1) {
        std::this_thread::yield();
    }
}

}  // namespace
}  // namespace izar
