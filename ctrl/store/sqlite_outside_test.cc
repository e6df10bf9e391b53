// Another program looks into the file while the controller has it open, as `sqlite3 izar.db ".backup copy.db"` does.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "ctrl/store/testing/store_suite.h"
#include "dataplane/base/check.h"

namespace izar {
namespace {

// A process forked before this one opens the store, so that it shares nothing of SQLite's with it.
class OutsideReader {
  public:
    explicit OutsideReader(const std::string& path) {
        CHECK(::pipe(ends_) == 0);
        process_ = ::fork();
        CHECK(process_ >= 0);
        if (process_ == 0) {
            char mark = 0;
            ::_exit(::read(ends_[0], &mark, 1) == 1 && reads(path) ? 0 : 1);
        }
    }
    // Opens the file, reads, closes it and ends.
    bool look() const {
        int status = 0;
        return ::write(ends_[1], "r", 1) == 1 && ::waitpid(process_, &status, 0) == process_ && status == 0;
    }

  private:
    static bool reads(const std::string& path) {
        sqlite3* database = nullptr;
        return sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK &&
               sqlite3_exec(database, "SELECT count(*) FROM izar_tokens", nullptr, nullptr, nullptr) == SQLITE_OK &&
               sqlite3_close(database) == SQLITE_OK;
    }

    int ends_[2] = {-1, -1};
    pid_t process_ = -1;
};

enum class WriterEnd : std::uint8_t { reader_failed = 3, log_gone, not_granted };

// Writes before and after the outside reader's visit, then is gone (kill -9).
[[noreturn]] void write_around_a_reader(const SqliteTestStore& backing) {
    const OutsideReader reader(backing.path());
    auto store = backing.open({});
    WriterEnd end = WriterEnd::not_granted;
    if (store && (*store)->create_token(token_number(1), {.region = "eu"}, kNow)) {
        if (!reader.look()) {
            end = WriterEnd::reader_failed;
        } else if (!std::filesystem::exists(backing.path() + "-wal")) {
            end = WriterEnd::log_gone;
        } else if ((*store)->create_token(token_number(2), {.region = "eu"}, kNow)) {
            ::kill(::getpid(), SIGKILL);
        }
    }
    ::_exit(static_cast<int>(end));
}

TEST(SqliteOutside, AReaderThatClosesTheFileTakesNoCommitWithIt) {
    const SqliteTestStore backing;
    ASSERT_TRUE(backing.open({}));  // makes the file, and closes it
    const pid_t writer = ::fork();
    CHECK(writer >= 0);
    if (writer == 0) {
        write_around_a_reader(backing);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(writer, &status, 0), writer);
    ASSERT_TRUE(WIFSIGNALED(status)) << "ended with " << WEXITSTATUS(status) << " (see WriterEnd)";
    const auto store = backing.open({});
    ASSERT_TRUE(store) << store.error().text;
    EXPECT_EQ(granted((*store)->tokens()).size(), 2U);
}

TEST(SqliteOutside, TheFileIsItsOwnersOnly) {
    const SqliteTestStore backing;
    const auto store = backing.open({});
    ASSERT_TRUE(store) << store.error().text;
    for (const char* const suffix : {"", "-wal", "-shm"}) {
        struct stat status {};
        ASSERT_EQ(::stat((backing.path() + suffix).c_str(), &status), 0) << suffix;
        EXPECT_EQ(status.st_mode & 0777, 0600U) << suffix;
    }
}

}  // namespace
}  // namespace izar
