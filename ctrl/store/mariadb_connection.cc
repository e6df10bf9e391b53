#include "ctrl/store/mariadb_connection.h"

#include <errmsg.h>
#include <fmt/format.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "ctrl/store/side_connection.h"
#include "dataplane/base/check.h"

namespace izar {
namespace {

struct CloseSession {
    void operator()(MYSQL* session) const noexcept { mysql_close(session); }
};
struct CloseStatement {
    void operator()(MYSQL_STMT* statement) const noexcept { mysql_stmt_close(statement); }
};
struct FreeResult {
    void operator()(MYSQL_RES* result) const noexcept { mysql_free_result(result); }
};
using Session = std::unique_ptr<MYSQL, CloseSession>;
using Statement = std::unique_ptr<MYSQL_STMT, CloseStatement>;
using ResultHandle = std::unique_ptr<MYSQL_RES, FreeResult>;

// Values bound to the places of a statement; points into the values, which outlive it.
class Parameters {
  public:
    explicit Parameters(const SqlValues& values) : binds_(values.size()) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            bind(binds_[i], values[i]);
        }
    }
    MYSQL_BIND* binds() { return binds_.data(); }

  private:
    // The library takes pointers to what it only reads.
    static void bind(MYSQL_BIND& place, const SqlValue& value) {
        if (const auto* whole = std::get_if<std::int64_t>(&value)) {
            place.buffer_type = MYSQL_TYPE_LONGLONG;
            place.buffer = const_cast<std::int64_t*>(whole);
        } else if (const auto* fraction = std::get_if<double>(&value)) {
            place.buffer_type = MYSQL_TYPE_DOUBLE;
            place.buffer = const_cast<double*>(fraction);
        } else if (const auto* text = std::get_if<std::string>(&value)) {
            place.buffer_type = MYSQL_TYPE_STRING;
            place.buffer = const_cast<char*>(text->data());
            place.buffer_length = text->size();
        } else {
            place.buffer_type = MYSQL_TYPE_NULL;
        }
    }
    std::vector<MYSQL_BIND> binds_;
};

// Room for one row of a result, column by column.
class RowBuffer {
  public:
    explicit RowBuffer(MYSQL_RES* fields) : columns_(mysql_num_fields(fields)), binds_(columns_.size()) {
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const MYSQL_FIELD& field = *mysql_fetch_field_direct(fields, static_cast<unsigned>(i));
            Column& column = columns_[i];
            column.type = kind_of(field.type);
            column.text.resize(std::max<std::size_t>(field.max_length, 64));
            MYSQL_BIND& bind = binds_[i];
            bind.buffer_type = column.type;
            bind.buffer = column.type == MYSQL_TYPE_LONGLONG ? static_cast<void*>(&column.whole)
                          : column.type == MYSQL_TYPE_DOUBLE ? static_cast<void*>(&column.fraction)
                                                             : static_cast<void*>(column.text.data());
            bind.buffer_length = column.text.size();
            bind.length = &column.length;
            bind.is_null = &column.is_null;
        }
    }
    MYSQL_BIND* binds() { return binds_.data(); }
    SqlValues values() const {
        SqlValues out;
        for (const Column& column : columns_) {
            out.push_back(value_of(column));
        }
        return out;
    }

  private:
    struct Column {
        enum_field_types type = MYSQL_TYPE_STRING;
        std::int64_t whole = 0;
        double fraction = 0;
        std::string text;
        unsigned long length = 0;
        my_bool is_null = 0;
    };

    static enum_field_types kind_of(enum_field_types type) {
        switch (type) {
            case MYSQL_TYPE_TINY:
            case MYSQL_TYPE_SHORT:
            case MYSQL_TYPE_INT24:
            case MYSQL_TYPE_LONG:
            case MYSQL_TYPE_LONGLONG:
                return MYSQL_TYPE_LONGLONG;
            case MYSQL_TYPE_FLOAT:
            case MYSQL_TYPE_DOUBLE:
            case MYSQL_TYPE_DECIMAL:
            case MYSQL_TYPE_NEWDECIMAL:
                return MYSQL_TYPE_DOUBLE;
            default:
                return MYSQL_TYPE_STRING;
        }
    }
    static SqlValue value_of(const Column& column) {
        if (column.is_null != 0) {
            return std::monostate{};
        }
        if (column.type == MYSQL_TYPE_LONGLONG) {
            return column.whole;
        }
        if (column.type == MYSQL_TYPE_DOUBLE) {
            return column.fraction;
        }
        return column.text.substr(0, column.length);
    }

    std::vector<Column> columns_;
    std::vector<MYSQL_BIND> binds_;
};

// The socket of a session, which another thread than the session's may shut.
class SharedSocket {
  public:
    void set(int fd) {
        const std::lock_guard lock(mutex_);
        fd_ = fd;
    }
    void shut() {
        const std::lock_guard lock(mutex_);
        if (fd_ >= 0) {
            ::shutdown(fd_, SHUT_RDWR);
        }
    }

  private:
    std::mutex mutex_;
    int fd_ = -1;  // -1: there is none
};

constexpr unsigned kLongestIdle = 3;  // seconds between two statements of a transaction

unsigned whole_seconds(Nanos limit) {
    return static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(limit).count());
}

// Seconds without a word after which the server gives up a controller that holds the database: three of its rounds.
constexpr int kHolderSilence = 15;
constexpr int kHoldPatience = 1;  // seconds for one that was killed just now

class MariadbConnection final : public RemoteConnection {
  public:
    explicit MariadbConnection(MariadbAddress address) : address_(std::move(address)) {}

    SqlDialect dialect() const override { return SqlDialect::mariadb; }
    // Every commit is as durable as the server makes it: the setting is the server's, not a transaction's.
    StoreResult<void> begin(Durability /*durability*/) override { return start("START TRANSACTION"); }
    StoreResult<void> begin_reading() override {
        return start("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
    }
    StoreResult<void> commit() override;
    void roll_back() noexcept override {
        if (session_ && mysql_real_query(session_.get(), "ROLLBACK", 8) != 0) {
            disconnect();
        }
    }
    StoreResult<void> hold() override;
    StoreResult<std::uint64_t> run(const std::string& text, const SqlValues& values) override;
    StoreResult<SqlRows> query(const std::string& text, const SqlValues& values) override;

    StoreResult<void> connect() override;
    void disconnect() noexcept override;
    void interrupt() noexcept override { socket_.shut(); }
    std::string name() const override {
        return "MariaDB at " + (address_.socket.empty() ? address_.host : address_.socket);
    }

  private:
    StoreResult<void> start(const std::string& statement);
    // A session that holds nothing yet.
    StoreResult<void> open_session();
    // Whether this session has the lock now.
    StoreResult<bool> take_lock();
    StoreResult<void> plain(const std::string& statement);
    // Executes the prepared statement with the values.
    StoreResult<MYSQL_STMT*> executed(const std::string& text, const SqlValues& values);
    StoreResult<SqlRows> fetched(MYSQL_STMT* statement);
    tl::unexpected<StoreError> failure(unsigned code, const char* text);
    tl::unexpected<StoreError> session_failure() {
        return failure(mysql_errno(session_.get()), mysql_error(session_.get()));
    }
    tl::unexpected<StoreError> statement_failure(MYSQL_STMT* statement) {
        return failure(mysql_stmt_errno(statement), mysql_stmt_error(statement));
    }

    MariadbAddress address_;
    SharedSocket socket_;
    Session session_;
    bool holds_ = false;  // or did, until the session was lost
    std::unordered_map<std::string, Statement> statements_;
};

tl::unexpected<StoreError> MariadbConnection::failure(unsigned code, const char* text) {
    auto out = store_fail(
        StoreFault::unavailable,
        fmt::format("{}: {} (error {}); look after the server and the account's rights", name(), text, code));
    if (code == CR_SERVER_GONE_ERROR || code == CR_SERVER_LOST || code == CR_COMMANDS_OUT_OF_SYNC ||
        code == ER_CONNECTION_KILLED) {
        disconnect();
    }
    return out;
}

void MariadbConnection::disconnect() noexcept {
    socket_.set(-1);
    statements_.clear();
    session_.reset();
}

StoreResult<void> MariadbConnection::open_session() {
    disconnect();
    Session session(mysql_init(nullptr));
    CHECK(session != nullptr);
    const unsigned connect_seconds = whole_seconds(address_.connect_limit);
    // Whoever asks gives up earlier.
    const unsigned answer_seconds = whole_seconds(std::max(address_.answer_limit, address_.upkeep_limit));
    mysql_options(session.get(), MYSQL_OPT_CONNECT_TIMEOUT, &connect_seconds);
    mysql_options(session.get(), MYSQL_OPT_READ_TIMEOUT, &answer_seconds);
    mysql_options(session.get(), MYSQL_OPT_WRITE_TIMEOUT, &answer_seconds);
    mysql_options(session.get(), MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (!address_.ca_file.empty()) {
        const my_bool verify = 1;
        mysql_options(session.get(), MYSQL_OPT_SSL_CA, address_.ca_file.c_str());
        mysql_options(session.get(), MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
    }
    const bool by_socket = !address_.socket.empty();
    // With CLIENT_FOUND_ROWS an UPDATE counts the rows it found, as SQLite does.
    MYSQL* connected =
        mysql_real_connect(session.get(), by_socket ? nullptr : address_.host.c_str(), address_.user.c_str(),
                           address_.password.c_str(), address_.database.c_str(), by_socket ? 0 : address_.port,
                           by_socket ? address_.socket.c_str() : nullptr, CLIENT_FOUND_ROWS);
    session_ = std::move(session);
    if (connected == nullptr) {
        auto failed = session_failure();
        disconnect();
        return failed;
    }
    socket_.set(mysql_get_socket(session_.get()));
    // A row that others hold is waited for less long than an answer, so that who waits hears why. A controller that is
    // cut off amid a transaction holds its rows, the fence's too, until the server gives it up; by default that is
    // after hours, and nobody could lead meanwhile. MySQL has no such limit and skips the comment.
    const unsigned lock_seconds = std::max(whole_seconds(address_.answer_limit), 2U) - 1;
    const std::string modes = fmt::format(
        "SET SESSION time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES', innodb_lock_wait_timeout = {}"
        " /*M!, idle_transaction_timeout = {} */",
        lock_seconds, std::clamp(lock_seconds - 1, 1U, kLongestIdle));
    for (const std::string& setting : {modes, std::string("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")}) {
        if (auto done = plain(setting); !done) {
            return done;
        }
    }
    return {};
}

StoreResult<void> MariadbConnection::start(const std::string& statement) {
    if (!session_) {
        if (auto connected = connect(); !connected) {
            return connected;
        }
        return plain(statement);
    }
    auto done = plain(statement);
    // A server that was restarted since the last call shows only now; nothing of this call has happened yet.
    if (!done && !session_) {
        done = connect();
        return done ? plain(statement) : done;
    }
    return done;
}

// Also an error that the server told may be of what comes after the commit.
StoreResult<void> MariadbConnection::commit() {
    if (!session_) {
        return plain("COMMIT");
    }
    auto done = plain("COMMIT");
    return done ? done : tl::unexpected(unknown_commit(done.error().text));
}

// A lock went with the session that had it. Whatever is committed is so by a session that has it: a transaction never
// outlives its session.
StoreResult<void> MariadbConnection::connect() {
    auto done = open_session();
    if (!done || !holds_) {
        return done;
    }
    const auto taken = take_lock();
    if (taken && *taken) {
        return {};
    }
    disconnect();
    if (!taken) {
        return tl::unexpected(taken.error());
    }
    return store_fail(
        StoreFault::fenced,
        fmt::format("the connection to MariaDB was lost, and another izar-controller leads on database {} "
                    "since; stop one of the two",
                    address_.database));
}

// A server's locks have names that all its databases share.
StoreResult<bool> MariadbConnection::take_lock() {
    if (auto done = plain(fmt::format("SET SESSION wait_timeout = {}", kHolderSilence)); !done) {
        return tl::unexpected(done.error());
    }
    const auto locked =
        query(fmt::format("SELECT GET_LOCK(CONCAT('izar_lead_', MD5(DATABASE())), {})", kHoldPatience), {});
    if (!locked) {
        return tl::unexpected(locked.error());
    }
    return !locked->empty() && locked->front().integer(0) == 1;
}

StoreResult<void> MariadbConnection::hold() {
    const auto taken = start("DO 0").and_then([this] { return take_lock(); });
    if (!taken) {
        return tl::unexpected(taken.error());
    }
    if (!*taken) {
        return store_fail(StoreFault::refused,
                          fmt::format("another izar-controller leads on database {} of {}; stop that one, "
                                      "or let both share it through etcd (etcd.endpoints)",
                                      address_.database, name()));
    }
    holds_ = true;
    return {};
}

StoreResult<void> MariadbConnection::plain(const std::string& statement) {
    if (!session_) {
        return store_fail(StoreFault::unavailable, "the connection to MariaDB was lost; try again");
    }
    if (mysql_real_query(session_.get(), statement.data(), statement.size()) != 0) {
        return session_failure();
    }
    return {};
}

StoreResult<MYSQL_STMT*> MariadbConnection::executed(const std::string& text, const SqlValues& values) {
    if (!session_) {
        return store_fail(StoreFault::unavailable, "the connection to MariaDB was lost; try again");
    }
    auto found = statements_.find(text);
    if (found == statements_.end()) {
        Statement made(mysql_stmt_init(session_.get()));
        CHECK(made != nullptr);
        if (mysql_stmt_prepare(made.get(), text.data(), text.size()) != 0) {
            auto failed = failure(mysql_stmt_errno(made.get()), mysql_stmt_error(made.get()));
            return failed;
        }
        const my_bool measure = 1;
        mysql_stmt_attr_set(made.get(), STMT_ATTR_UPDATE_MAX_LENGTH, &measure);
        found = statements_.emplace(text, std::move(made)).first;
    }
    MYSQL_STMT* statement = found->second.get();
    Parameters parameters(values);
    if ((!values.empty() && mysql_stmt_bind_param(statement, parameters.binds()) != 0) ||
        mysql_stmt_execute(statement) != 0) {
        return statement_failure(statement);
    }
    return statement;
}

StoreResult<std::uint64_t> MariadbConnection::run(const std::string& text, const SqlValues& values) {
    const auto statement = executed(text, values);
    if (!statement) {
        return tl::unexpected(statement.error());
    }
    return mysql_stmt_affected_rows(*statement);
}

StoreResult<SqlRows> MariadbConnection::query(const std::string& text, const SqlValues& values) {
    const auto statement = executed(text, values);
    if (!statement) {
        return tl::unexpected(statement.error());
    }
    auto rows = fetched(*statement);
    if (rows) {
        mysql_stmt_free_result(*statement);
    }
    return rows;
}

StoreResult<SqlRows> MariadbConnection::fetched(MYSQL_STMT* statement) {
    if (mysql_stmt_store_result(statement) != 0) {
        return statement_failure(statement);
    }
    const ResultHandle fields(mysql_stmt_result_metadata(statement));
    CHECK(fields != nullptr);
    RowBuffer buffer(fields.get());
    if (mysql_stmt_bind_result(statement, buffer.binds()) != 0) {
        return statement_failure(statement);
    }
    SqlRows rows;
    int code = mysql_stmt_fetch(statement);
    for (; code == 0; code = mysql_stmt_fetch(statement)) {
        rows.emplace_back(buffer.values());
    }
    // MYSQL_DATA_TRUNCATED would mean that the room was measured wrongly.
    CHECK(code != MYSQL_DATA_TRUNCATED);
    if (code != MYSQL_NO_DATA) {
        return statement_failure(statement);
    }
    return rows;
}

}  // namespace

Result<std::unique_ptr<SqlConnection>> open_mariadb(const MariadbAddress& address) {
    static const int library_is_ready = mysql_library_init(0, nullptr, nullptr);  // which no two threads may do at once
    CHECK(library_is_ready == 0);
    auto connection =
        std::make_unique<SideConnection>(std::make_unique<MariadbConnection>(address),
                                         SideLimits{address.connect_limit, address.answer_limit, address.upkeep_limit});
    if (auto connected = connection->connect(); !connected) {
        return fail(connected.error().text);
    }
    const auto setting = connection->query("SELECT @@innodb_flush_log_at_trx_commit", {});
    if (!setting) {
        return fail(setting.error().text);
    }
    if (setting->empty() || setting->front().integer(0) != 1) {
        return fail(
            "MariaDB runs with innodb_flush_log_at_trx_commit other than 1, so a registration that was "
            "acknowledged could be lost; set it to 1 in the server's configuration");
    }
    return connection;
}

}  // namespace izar
