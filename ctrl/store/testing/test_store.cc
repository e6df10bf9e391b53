#include "ctrl/store/testing/test_store.h"

#include <fmt/format.h>
#include <mysql.h>
#include <sqlite3.h>

#include <cstdlib>

#include "dataplane/base/check.h"
#include "dataplane/base/testing/installed.h"

namespace izar {
namespace {

sqlite3* opened(const std::string& path) {
    sqlite3* database = nullptr;
    CHECK(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
    sqlite3_busy_timeout(database, 5000);
    return database;
}

MYSQL* connected() {
    const MariadbAddress address = shared_server().server->address();
    MYSQL* session = mysql_init(nullptr);
    CHECK(mysql_real_connect(session, nullptr, "izar", "", "izar", 0, address.socket.c_str(),
                             CLIENT_MULTI_STATEMENTS) != nullptr);
    return session;
}

}  // namespace

SharedServer& shared_server() {
    static SharedServer shared = [] {
        SharedServer made;
        if (!is_installed("mariadbd") || !is_installed("mariadb-install-db")) {
            made.why_not = "MariaDB is not installed (package mariadb-server-core)";
            return made;
        }
        auto started = MariadbServer::start();
        if (!started) {
            fmt::print(stderr, "{}\n", started.error().text);
            std::abort();
        }
        made.server = std::move(*started);
        return made;
    }();
    return shared;
}

void SqliteTestStore::run_outside(const std::string& statements) const {
    sqlite3* database = opened(path());
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(database, statements.c_str(), nullptr, nullptr, &error), SQLITE_OK) << error;
    sqlite3_close(database);
}

std::string SqliteTestStore::ask_outside(const std::string& query) const {
    sqlite3* database = opened(path());
    std::string answer;
    const auto take = [](void* out, int columns, char** values, char**) {
        *static_cast<std::string*>(out) = columns > 0 && values[0] != nullptr ? values[0] : "NULL";
        return 0;
    };
    EXPECT_EQ(sqlite3_exec(database, query.c_str(), take, &answer, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
    return answer;
}

MariadbTestStore::MariadbTestStore() {
    if (shared_server().server) {
        shared_server().server->empty_database();
    }
}

void MariadbTestStore::run_outside(const std::string& statements) const {
    MYSQL* session = connected();
    EXPECT_EQ(mysql_query(session, statements.c_str()), 0) << mysql_error(session);
    while (mysql_next_result(session) == 0) {
    }
    EXPECT_EQ(mysql_errno(session), 0U) << mysql_error(session);
    mysql_close(session);
}

std::string MariadbTestStore::ask_outside(const std::string& query) const {
    MYSQL* session = connected();
    EXPECT_EQ(mysql_query(session, query.c_str()), 0) << mysql_error(session);
    MYSQL_RES* rows = mysql_store_result(session);
    std::string answer;
    if (rows != nullptr) {
        if (MYSQL_ROW row = mysql_fetch_row(rows)) {
            answer = row[0] != nullptr ? row[0] : "NULL";
        }
        mysql_free_result(rows);
    }
    mysql_close(session);
    return answer;
}

}  // namespace izar
