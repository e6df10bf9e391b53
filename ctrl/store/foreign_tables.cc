#include "ctrl/store/foreign_tables.h"

namespace izar {
namespace {

// SQLite's columns have no width, and its texts are UTF-8. Where a column is as it should be MariaDB does not copy the
// table.
const std::vector<std::string> kWidened{
    "ALTER TABLE node_region CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "ALTER TABLE system_info CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "ALTER TABLE region_probe_info MODIFY id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,"
    " MODIFY source_ip VARCHAR(45) NOT NULL, MODIFY target_ip VARCHAR(45) NOT NULL,"
    " CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "ALTER TABLE network_metrics MODIFY id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,"
    " MODIFY source_ip VARCHAR(45) NOT NULL, MODIFY destination_ip VARCHAR(45) NOT NULL,"
    " CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "ALTER TABLE domain_origin MODIFY domain VARCHAR(253) NOT NULL, MODIFY origin_ip VARCHAR(45) NOT NULL,"
    " CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
};

const std::vector<std::string> kOneRowAPair{
    "DELETE FROM network_metrics WHERE id NOT IN (SELECT last FROM (SELECT MAX(id) AS last FROM network_metrics"
    " GROUP BY source_ip, destination_ip) AS latest)",
    "CREATE UNIQUE INDEX network_metrics_pair ON network_metrics (source_ip, destination_ip)",
};

// How many unique keys are over exactly the pair's two columns.
std::string pair_keys(SqlDialect dialect) {
    if (dialect == SqlDialect::sqlite) {
        return "SELECT COUNT(*) FROM pragma_index_list('network_metrics') AS l WHERE l.\"unique\" = 1 AND l.partial = 0"
               " AND (SELECT GROUP_CONCAT(name) FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY name))"
               " = 'destination_ip,source_ip'";
    }
    return "SELECT COUNT(*) FROM (SELECT index_name FROM information_schema.statistics WHERE"
           " table_schema = DATABASE() AND table_name = 'network_metrics' AND non_unique = 0 GROUP BY index_name"
           " HAVING GROUP_CONCAT(column_name ORDER BY column_name) = 'destination_ip,source_ip') AS pair_keys";
}

}  // namespace

StoreResult<std::vector<std::string>> foreign_table_changes(SqlConnection& connection) {
    const auto keys = connection.query(pair_keys(connection.dialect()), {});
    if (!keys) {
        return tl::unexpected(keys.error());
    }
    std::vector<std::string> out;
    if (connection.dialect() == SqlDialect::mariadb) {
        out = kWidened;
    }
    if (keys->empty() || keys->front().integer(0) == 0) {
        out.insert(out.end(), kOneRowAPair.begin(), kOneRowAPair.end());
    }
    return out;
}

}  // namespace izar
