#include "ctrl/store/sqlite_connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <unordered_map>

namespace izar {
namespace {

constexpr int kBusyMilliseconds = 5000;  // another program writes to the file; it must be done by then

struct CloseDatabase {
    void operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }
};
struct FinishStatement {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinishStatement>;

// A file descriptor that closes itself.
class OwnedFile {
  public:
    explicit OwnedFile(int descriptor) noexcept : descriptor_(descriptor) {}
    OwnedFile(OwnedFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    OwnedFile(const OwnedFile&) = delete;
    OwnedFile& operator=(const OwnedFile&) = delete;
    ~OwnedFile() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }
    int descriptor() const noexcept { return descriptor_; }

  private:
    int descriptor_;
};

class SqliteConnection final : public SqlConnection {
  public:
    SqliteConnection(OwnedFile lock, Database database, std::string path)
        : lock_(std::move(lock)), database_(std::move(database)), path_(std::move(path)) {}

    SqlDialect dialect() const override { return SqlDialect::sqlite; }
    StoreResult<void> begin(Durability durability) override;
    StoreResult<void> begin_reading() override { return plain("BEGIN DEFERRED"); }
    StoreResult<void> commit() override { return plain("COMMIT"); }
    void roll_back() noexcept override { sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr); }
    StoreResult<void> hold() override { return {}; }  // the file beside it is locked from the start
    StoreResult<std::uint64_t> run(const std::string& statement, const SqlValues& values) override;
    StoreResult<SqlRows> query(const std::string& statement, const SqlValues& values) override;

    StoreResult<void> plain(const char* statement);

  private:
    tl::unexpected<StoreError> failure() const;
    // The prepared statement with its values bound.
    StoreResult<sqlite3_stmt*> bound(const std::string& text, const SqlValues& values);

    OwnedFile lock_;
    Database database_;
    std::unordered_map<std::string, Statement> statements_;  // ended before their database
    std::string path_;
    Durability durability_ = Durability::full;
};

tl::unexpected<StoreError> SqliteConnection::failure() const {
    return store_fail(StoreFault::unavailable,
                      fmt::format("{}: {}; look after disk space, permissions and other programs that hold the file",
                                  path_, sqlite3_errmsg(database_.get())));
}

StoreResult<void> SqliteConnection::plain(const char* statement) {
    if (sqlite3_exec(database_.get(), statement, nullptr, nullptr, nullptr) != SQLITE_OK) {
        return failure();
    }
    return {};
}

StoreResult<void> SqliteConnection::begin(Durability durability) {
    if (durability != durability_) {
        // NORMAL writes the log without waiting for the disk; the next FULL commit carries it along.
        const bool full = durability == Durability::full;
        if (auto set = plain(full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"); !set) {
            return set;
        }
        durability_ = durability;
    }
    return plain("BEGIN IMMEDIATE");
}

int bind_value(sqlite3_stmt* statement, int place, const SqlValue& value) {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
        return sqlite3_bind_int64(statement, place, *whole);
    }
    if (const auto* fraction = std::get_if<double>(&value)) {
        return sqlite3_bind_double(statement, place, *fraction);
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
        return sqlite3_bind_text64(statement, place, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
    }
    return sqlite3_bind_null(statement, place);
}

SqlValue column_value(sqlite3_stmt* statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
        case SQLITE_INTEGER:
            return sqlite3_column_int64(statement, column);
        case SQLITE_FLOAT:
            return sqlite3_column_double(statement, column);
        case SQLITE_NULL:
            return std::monostate{};
        default: {
            const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
            return std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
        }
    }
}

StoreResult<sqlite3_stmt*> SqliteConnection::bound(const std::string& text, const SqlValues& values) {
    auto found = statements_.find(text);
    if (found == statements_.end()) {
        sqlite3_stmt* made = nullptr;
        if (sqlite3_prepare_v3(database_.get(), text.c_str(), static_cast<int>(text.size()), SQLITE_PREPARE_PERSISTENT,
                               &made, nullptr) != SQLITE_OK) {
            return failure();
        }
        found = statements_.emplace(text, Statement(made)).first;
    }
    sqlite3_stmt* statement = found->second.get();
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (bind_value(statement, static_cast<int>(i + 1), values[i]) != SQLITE_OK) {
            return failure();
        }
    }
    return statement;
}

StoreResult<std::uint64_t> SqliteConnection::run(const std::string& text, const SqlValues& values) {
    const auto statement = bound(text, values);
    if (!statement) {
        return tl::unexpected(statement.error());
    }
    int code = sqlite3_step(*statement);
    while (code == SQLITE_ROW) {
        code = sqlite3_step(*statement);
    }
    auto failed = code == SQLITE_DONE ? StoreResult<void>{} : StoreResult<void>(failure());
    sqlite3_reset(*statement);
    if (!failed) {
        return tl::unexpected(failed.error());
    }
    return static_cast<std::uint64_t>(sqlite3_changes64(database_.get()));
}

StoreResult<SqlRows> SqliteConnection::query(const std::string& text, const SqlValues& values) {
    const auto statement = bound(text, values);
    if (!statement) {
        return tl::unexpected(statement.error());
    }
    SqlRows rows;
    int code = sqlite3_step(*statement);
    for (; code == SQLITE_ROW; code = sqlite3_step(*statement)) {
        SqlValues row;
        for (int column = 0; column < sqlite3_column_count(*statement); ++column) {
            row.push_back(column_value(*statement, column));
        }
        rows.emplace_back(std::move(row));
    }
    auto failed = code == SQLITE_DONE ? StoreResult<void>{} : StoreResult<void>(failure());
    sqlite3_reset(*statement);
    if (!failed) {
        return tl::unexpected(failed.error());
    }
    return rows;
}

// The lock that says "this process has the store"; the kernel drops it when the process ends, however it ends.
Result<OwnedFile> lock_beside(const std::string& path) {
    const std::string name = path + ".lock";
    OwnedFile file(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (file.descriptor() < 0) {
        return fail(fmt::format("{}: {}; give a folder that exists and may be written", name, std::strerror(errno)));
    }
    if (::flock(file.descriptor(), LOCK_EX | LOCK_NB) != 0) {
        return fail(
            fmt::format("{}: another controller has this store open; stop it, or give each its own file "
                        "(several controllers share a store only through MariaDB)",
                        path));
    }
    return file;
}

// SQLite would make the file readable by everybody. To be called before SQLite opens it: closing any descriptor of a
// file drops all locks that the process has on it (POSIX, fcntl), and then another program that closes the file takes
// the write-ahead log for one that nobody uses, and removes it.
Result<void> make_private_file(const std::string& path) {
    const OwnedFile made(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (made.descriptor() < 0) {
        return fail(fmt::format("{}: {}; give a file that may be written", path, std::strerror(errno)));
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<SqlConnection>> open_sqlite(const std::string& path) {
    auto lock = lock_beside(path);
    if (!lock) {
        return tl::unexpected(lock.error());
    }
    if (auto made = make_private_file(path); !made) {
        return tl::unexpected(made.error());
    }
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    Database database(opened);
    if (code != SQLITE_OK) {
        return fail(fmt::format("{}: {}; give an SQLite file", path, sqlite3_errstr(code)));
    }
    sqlite3_busy_timeout(database.get(), kBusyMilliseconds);
    auto connection = std::make_unique<SqliteConnection>(std::move(*lock), std::move(database), path);
    for (const char* setting : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"}) {
        if (auto done = connection->plain(setting); !done) {
            return fail(done.error().text);
        }
    }
    return connection;
}

}  // namespace izar
