#include "ctrl/store/schema.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "ctrl/store/foreign_tables.h"

namespace izar {
namespace {

struct Word {
    std::string_view name;
    std::string_view sqlite;
    std::string_view mariadb;
};

// What the two write differently. SQLite's numbers have no width and no sign; its only counting key is INTEGER.
constexpr std::array kWords{
    Word{"$INT_KEY", "INTEGER PRIMARY KEY AUTOINCREMENT", "INT AUTO_INCREMENT PRIMARY KEY"},
    Word{"$BIG_KEY", "INTEGER PRIMARY KEY AUTOINCREMENT", "BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY"},
    Word{"$TOUCHED", "TIMESTAMP DEFAULT CURRENT_TIMESTAMP",
         "TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"},
    Word{"$LONG_TEXT", "TEXT", "MEDIUMTEXT"},
    Word{"$ADD_COLUMN", "ADD COLUMN", "ADD COLUMN IF NOT EXISTS"},
    Word{"$PACKED", ") WITHOUT ROWID", ") ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin"},
    Word{"$END", ")", ") ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin"},
};

std::string in_dialect(std::string_view definition, SqlDialect dialect) {
    std::string out(definition);
    for (const Word& word : kWords) {
        const std::string_view meant = dialect == SqlDialect::sqlite ? word.sqlite : word.mariadb;
        for (auto at = out.find(word.name); at != std::string::npos; at = out.find(word.name, at + meant.size())) {
            out.replace(at, word.name.size(), meant);
        }
    }
    return out;
}

// Every statement may run twice: MariaDB has no way back from a CREATE or ALTER, so a migration that was cut off starts
// over.
using Statements = std::vector<std::string_view>;

// Differences to the original tables: addresses are 45 characters, enough for IPv6, and a domain 253 (RFC 1035).
const Statements kPublicTables{
    R"(CREATE TABLE IF NOT EXISTS node_region (
        id $INT_KEY,
        ip VARCHAR(50) NOT NULL UNIQUE,
        region VARCHAR(50) NOT NULL,
        hostname VARCHAR(100),
        description VARCHAR(255),
        created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
    $END)",
    R"(CREATE TABLE IF NOT EXISTS system_info (
        id $BIG_KEY,
        ip VARCHAR(45) NOT NULL,
        cpu_cores INT NOT NULL,
        cpu_model_name VARCHAR(255) NOT NULL,
        cpu_mhz FLOAT NOT NULL,
        cpu_cache_size INT NOT NULL,
        cpu_usage FLOAT NOT NULL,
        memory_total BIGINT UNSIGNED NOT NULL,
        memory_available BIGINT UNSIGNED NOT NULL,
        memory_used BIGINT UNSIGNED NOT NULL,
        memory_used_percent FLOAT NOT NULL,
        disk_device VARCHAR(255) NOT NULL,
        disk_total BIGINT UNSIGNED NOT NULL,
        disk_free BIGINT UNSIGNED NOT NULL,
        disk_used BIGINT UNSIGNED NOT NULL,
        disk_used_percent FLOAT NOT NULL,
        network_interface_name VARCHAR(255) NOT NULL,
        network_bytes_sent BIGINT UNSIGNED NOT NULL,
        network_bytes_recv BIGINT UNSIGNED NOT NULL,
        network_packets_sent BIGINT UNSIGNED NOT NULL,
        network_packets_recv BIGINT UNSIGNED NOT NULL,
        hostname VARCHAR(255) NOT NULL,
        os VARCHAR(255) NOT NULL,
        platform VARCHAR(255) NOT NULL,
        platform_version VARCHAR(255) NOT NULL,
        uptime BIGINT UNSIGNED NOT NULL,
        load1 FLOAT NOT NULL,
        load5 FLOAT NOT NULL,
        load15 FLOAT NOT NULL,
        timestamp DATETIME NOT NULL,
        created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
        updated_at $TOUCHED
    $END)",
    "CREATE INDEX IF NOT EXISTS system_info_by_ip ON system_info (ip, id)",
    "CREATE INDEX IF NOT EXISTS system_info_by_time ON system_info (timestamp)",
    R"(CREATE TABLE IF NOT EXISTS region_probe_info (
        id $BIG_KEY,
        source_ip VARCHAR(45) NOT NULL,
        source_region VARCHAR(50) NOT NULL,
        target_ip VARCHAR(45) NOT NULL,
        target_region VARCHAR(50) NOT NULL,
        tcp_delay INT NOT NULL,
        probe_time DATETIME NOT NULL
    $END)",
    "CREATE INDEX IF NOT EXISTS region_probe_info_by_time ON region_probe_info (probe_time)",
    R"(CREATE TABLE IF NOT EXISTS network_metrics (
        id $BIG_KEY,
        source_ip VARCHAR(45) NOT NULL,
        destination_ip VARCHAR(45) NOT NULL,
        link_latency FLOAT NOT NULL,
        cpu_mean FLOAT NOT NULL,
        cpu_variance FLOAT NOT NULL,
        virtual_queue_cpu_mean FLOAT NOT NULL,
        virtual_queue_cpu_variance FLOAT NOT NULL,
        C INT,
        updated_at $TOUCHED,
        UNIQUE (source_ip, destination_ip)
    $END)",
    R"(CREATE TABLE IF NOT EXISTS domain_origin (
        domain VARCHAR(253) PRIMARY KEY,
        origin_ip VARCHAR(45) NOT NULL,
        created_at $TOUCHED
    $END)",
};

const Statements kOwnTables{
    R"(CREATE TABLE IF NOT EXISTS izar_nodes (
        node_id INT PRIMARY KEY,
        state INT NOT NULL,
        drained INT NOT NULL,
        name VARCHAR(100) NOT NULL,
        region VARCHAR(50) NOT NULL,
        address VARCHAR(45) NOT NULL,
        description VARCHAR(255) NOT NULL,
        key_digest VARCHAR(64) NOT NULL,
        token_id VARCHAR(16) NOT NULL,
        created_ms BIGINT NOT NULL,
        revoked_ms BIGINT NOT NULL,
        version BIGINT NOT NULL
    $END)",
    "CREATE INDEX IF NOT EXISTS izar_nodes_by_version ON izar_nodes (version)",
    R"(CREATE TABLE IF NOT EXISTS izar_tokens (
        token_id VARCHAR(16) PRIMARY KEY,
        secret_digest VARCHAR(64) NOT NULL,
        region VARCHAR(50) NOT NULL,
        created_ms BIGINT NOT NULL,
        expires_ms BIGINT NOT NULL,
        uses_left BIGINT NOT NULL,
        withdrawn INT NOT NULL
    $END)",
    R"(CREATE TABLE IF NOT EXISTS izar_services (
        service_id INT PRIMARY KEY,
        name VARCHAR(32) NOT NULL UNIQUE,
        definition $LONG_TEXT NOT NULL,
        version BIGINT NOT NULL
    $END)",
    R"(CREATE TABLE IF NOT EXISTS izar_domains (
        domain VARCHAR(253) PRIMARY KEY,
        origin_ip VARCHAR(45) NOT NULL,
        service VARCHAR(32) NOT NULL,
        created_ms BIGINT NOT NULL,
        version BIGINT NOT NULL
    $END)",
    R"(CREATE TABLE IF NOT EXISTS izar_documents (
        name VARCHAR(64) PRIMARY KEY,
        body $LONG_TEXT NOT NULL,
        version BIGINT NOT NULL
    $END)",
    R"(CREATE TABLE IF NOT EXISTS izar_removals (
        kind INT NOT NULL,
        name VARCHAR(253) NOT NULL,
        removed_ms BIGINT NOT NULL,
        version BIGINT NOT NULL,
        PRIMARY KEY (kind, name)
    $END)",
    R"(CREATE TABLE IF NOT EXISTS izar_history (
        metric INT NOT NULL,
        from_id INT NOT NULL,
        to_id INT NOT NULL,
        width_s INT NOT NULL,
        start_s BIGINT NOT NULL,
        samples BIGINT NOT NULL,
        total DOUBLE NOT NULL,
        least DOUBLE NOT NULL,
        greatest DOUBLE NOT NULL,
        PRIMARY KEY (metric, from_id, to_id, width_s, start_s)
    $PACKED)",
    "CREATE INDEX IF NOT EXISTS izar_history_by_age ON izar_history (width_s, start_s)",
};

// What had joined before counts as seen: it may serve now, and must go on.
const Statements kNodesSeen{
    "ALTER TABLE izar_nodes $ADD_COLUMN seen_ms BIGINT NOT NULL DEFAULT 0",
    "UPDATE izar_nodes SET seen_ms = created_ms WHERE state = 1",
};

// The lines of node-discovery.yaml as they were taken up last.
const Statements kListed{
    R"(CREATE TABLE IF NOT EXISTS izar_listed (
        kind INT NOT NULL,
        name VARCHAR(253) NOT NULL,
        line VARCHAR(400) NOT NULL,
        PRIMARY KEY (kind, name)
    $END)",
};

// Own VIPs of services at nodes. vip_id counts with the ids of services.
const Statements kNodeVips{
    R"(CREATE TABLE IF NOT EXISTS izar_node_vips (
        vip_id INT PRIMARY KEY,
        service_id INT NOT NULL,
        node_id INT NOT NULL,
        address VARCHAR(45) NOT NULL,
        UNIQUE (service_id, address)
    $END)",
};

// How the clients of each region are shared, as its master said last: "NODE=THOUSANDTHS" with spaces between.
const Statements kShares{
    R"(CREATE TABLE IF NOT EXISTS izar_shares (
        region VARCHAR(50) PRIMARY KEY,
        epoch BIGINT NOT NULL,
        weights $LONG_TEXT NOT NULL
    $END)",
};

struct Migration {
    Statements statements;
    StoreResult<std::vector<std::string>> (*changes)(SqlConnection&) = nullptr;  // after them: what is found to be due
};

const std::vector<Migration>& migrations() {
    static const std::vector<Migration> all{{kPublicTables}, {kOwnTables}, {kNodesSeen}, {{}, foreign_table_changes},
                                            {kListed},       {kNodeVips},  {kShares}};
    return all;
}

constexpr std::string_view kStateTable =
    "CREATE TABLE IF NOT EXISTS izar_state (name VARCHAR(32) PRIMARY KEY, value BIGINT UNSIGNED NOT NULL$END";
constexpr std::array<std::string_view, 5> kStates{"schema", "fence", "static_version", "forgotten_version",
                                                  "last_service_id"};

// Steps of a migration, until one fails.
class Steps {
  public:
    Steps(SqlConnection& connection, FailPoints* fail_points) : connection_(connection), fail_points_(fail_points) {}

    void run(std::string_view step, std::string_view definition, const SqlValues& values = {}) {
        if (!result_) {
            return;
        }
        const auto done = connection_.run(in_dialect(definition, connection_.dialect()), values);
        if (!done) {
            result_ = tl::unexpected(done.error());
        }
        fail_point(fail_points_, "migrate", step);
    }
    void run_all(const Migration& migration) {
        for (const std::string_view statement : migration.statements) {
            run("table_made", statement);
        }
        if (!result_ || migration.changes == nullptr) {
            return;
        }
        const auto changes = migration.changes(connection_);
        if (!changes) {
            result_ = tl::unexpected(changes.error());
            return;
        }
        for (const std::string& statement : *changes) {
            run("table_changed", statement);
        }
    }
    std::size_t version() {
        const auto rows = connection_.query("SELECT value FROM izar_state WHERE name = 'schema'", {});
        if (!rows) {
            result_ = tl::unexpected(rows.error());
        }
        return rows && !rows->empty() ? static_cast<std::size_t>(rows->front().integer(0)) : 0;
    }
    StoreResult<void> result() const { return result_; }

  private:
    SqlConnection& connection_;
    FailPoints* fail_points_;
    StoreResult<void> result_;
};

StoreResult<void> migrate_locked(SqlConnection& connection, FailPoints* fail_points) {
    Steps steps(connection, fail_points);
    steps.run("state_made", kStateTable);
    for (const std::string_view name : kStates) {
        steps.run("state_filled",
                  "INSERT INTO izar_state (name, value) VALUES (?, 0)" + sql_on_conflict(connection.dialect(), "name") +
                      "value = izar_state.value",
                  {std::string(name)});
    }
    const std::size_t found = steps.result() ? steps.version() : 0;
    if (found > migrations().size()) {
        return store_fail(
            StoreFault::refused,
            fmt::format("the store has schema {}, this program knows {}; run the newer izar-controller, or "
                        "restore the backup from before its first start",
                        found, migrations().size()));
    }
    for (std::size_t i = found; i < migrations().size() && steps.result(); ++i) {
        steps.run_all(migrations()[i]);
        steps.run("recorded", "UPDATE izar_state SET value = ? WHERE name = 'schema'",
                  {static_cast<std::int64_t>(i + 1)});
    }
    return steps.result();
}

// In MariaDB a CREATE ends the transaction it stands in, so a named lock keeps other controllers out instead.
StoreResult<void> migrate_mariadb(SqlConnection& connection, FailPoints* fail_points) {
    const auto locked = connection.query("SELECT GET_LOCK('izar_migrate', 30)", {});
    if (!locked) {
        return tl::unexpected(locked.error());
    }
    if (locked->empty() || locked->front().integer(0) != 1) {
        return store_fail(StoreFault::unavailable, "another controller is migrating the database; start again");
    }
    auto done = migrate_locked(connection, fail_points);
    const auto released = connection.query("SELECT RELEASE_LOCK('izar_migrate')", {});
    if (done && !released) {
        return tl::unexpected(released.error());
    }
    return done;
}

}  // namespace

StoreResult<void> migrate(SqlConnection& connection, FailPoints* fail_points) {
    if (connection.dialect() == SqlDialect::mariadb) {
        return migrate_mariadb(connection, fail_points);
    }
    if (auto begun = connection.begin(Durability::full); !begun) {
        return begun;
    }
    auto done = migrate_locked(connection, fail_points);
    if (done) {
        done = connection.commit();
    }
    if (!done) {
        connection.roll_back();
    }
    fail_point(fail_points, "migrate", "committed");
    return done;
}

std::size_t schema_version() {
    return migrations().size();
}

}  // namespace izar
