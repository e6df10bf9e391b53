#include "ctrl/config/scheduling_config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "dataplane/base/testing/temporary_folder.h"

namespace izar {
namespace {

std::string problem_of(const std::string& text, const std::vector<std::string>& environment = {}) {
    const auto config = parse_scheduling_config(text, "scheduling-config.yaml", environment);
    return config ? "" : config.error().text;
}

TEST(SchedulingConfig, AnEmptyFileIsOneControllerWithSqlite) {
    const auto config = parse_scheduling_config("", "scheduling-config.yaml", {});
    ASSERT_TRUE(config) << config.error().text;
    EXPECT_EQ(config->store_kind, StoreKind::sqlite);
    EXPECT_TRUE(config->etcd.endpoints.empty());
}

constexpr const char* kShared = R"(listen: 10.0.0.1:7443
store:
  kind: mariadb
  socket: /run/mysqld/mysqld.sock
  password: "hunter\"2"
etcd:
  endpoints: [http://127.0.0.1:2379, http://127.0.0.2:2379]
  user: izar
  password: hunter3
  name: c1
  address: 10.0.0.1:7444
  lease: 5s
)";

TEST(SchedulingConfig, ReadsWhatSeveralControllersNeed) {
    const auto config = parse_scheduling_config(kShared, "scheduling-config.yaml", {});
    ASSERT_TRUE(config) << config.error().text;
    EXPECT_EQ(config->mariadb.socket, "/run/mysqld/mysqld.sock");
    EXPECT_EQ(config->mariadb.password, "hunter\"2");
    EXPECT_EQ(config->etcd.endpoints.size(), 2U);
    EXPECT_EQ(config->etcd.lease, std::chrono::seconds{5});
    EXPECT_EQ(api_address(*config), "10.0.0.1:7444");
    EXPECT_EQ(api_address(SchedulingConfig{}), "0.0.0.0:7444");
    EXPECT_EQ(agents_address(*config), "10.0.0.1:7443");
}

TEST(SchedulingConfig, AgentsAreLedToWhereTheApiIsUnlessToldOtherwise) {
    SchedulingConfig config;
    config.etcd.address = "[2001:db8::1]:8444";
    config.listen = "0.0.0.0:8443";
    EXPECT_EQ(agents_address(config), "[2001:db8::1]:8443");
    config.listen = "[::]:8443";
    EXPECT_EQ(agents_address(config), "[2001:db8::1]:8443");
    config.listen = "192.0.2.1:8443";
    EXPECT_EQ(agents_address(config), "192.0.2.1:8443");
}

TEST(SchedulingConfig, TheEnvironmentWins) {
    const std::vector<std::string> environment{"HOME=/nowhere", "IZAR_CONTROLLER_STORE_PASSWORD=other",
                                               "IZAR_CONTROLLER_ETCD_ENDPOINTS=http://a:1,https://b:2"};
    const auto config = parse_scheduling_config(kShared, "scheduling-config.yaml", environment);
    ASSERT_TRUE(config) << config.error().text;
    EXPECT_EQ(config->mariadb.password, "other");
    EXPECT_EQ(config->etcd.endpoints, (std::vector<std::string>{"http://a:1", "https://b:2"}));
}

TEST(SchedulingConfig, ADumpReadsBackAndShowsNoSecret) {
    auto config = parse_scheduling_config(kShared, "scheduling-config.yaml", {}).value();
    const std::string dump = config_text(scheduling_keys(config));
    EXPECT_EQ(dump.find("hunter"), std::string::npos);
    EXPECT_NE(dump.find("password: \"<secret>\""), std::string::npos) << dump;
    SchedulingConfig defaults;
    const std::string text = config_text(scheduling_keys(defaults));
    EXPECT_EQ(text.find("<secret>"), std::string::npos);  // no password is set
    for (const std::string& written : {text, dump}) {
        auto again = parse_scheduling_config(written, "dump.yaml", {});
        ASSERT_TRUE(again) << again.error().text;
        EXPECT_EQ(config_text(scheduling_keys(*again)), written);
    }
}

TEST(SchedulingConfig, ProblemsNameTheirPlaceAndTheLikelyKey) {
    const std::pair<const char*, const char*> cases[] = {
        {"lisen: 1.2.3.4:5", "scheduling-config.yaml:1:1: unknown key 'lisen' in the file; did you mean 'listen'?"},
        {"store: {kind: sqlite, pth: /a}", "unknown key 'pth' in store; did you mean 'path'?"},
        {"store:\n  kind: mysql", "scheduling-config.yaml:2:9: store.kind: 'mysql' is not one of: sqlite, mariadb"},
        {"store: sqlite", "store: must be a map with keys kind, path"},
        {"listen: a\nlisten: b", "stands twice"},
        {"etcd:\n  endpoints: [http://127.0.0.1:2379]\n  name: c1",
         "scheduling-config.yaml:2:3: etcd.endpoints: several controllers cannot share an SQLite file"},
        {"store: {kind: mariadb}\netcd: {endpoints: [\"http://a:1\"]}", "etcd.name: give each controller a name"},
        {"store: {kind: mariadb}\netcd: {endpoints: [\"http://a:1\"], name: c1}", "etcd.address: say where"},
        {"etcd: {endpoints: [\"a:1\"]}", "begins with http://"},
        {"etcd: {endpoints: [\"http://\"]}", "etcd.endpoints[0]: is no http(s)://HOST:PORT"},
        {"etcd: {endpoints: [\"http://a\"]}", "etcd.endpoints[0]: is no http(s)://HOST:PORT"},
        {"etcd: {endpoints: [\"http://a b:1\"]}", "etcd.endpoints[0]: is no http(s)://HOST:PORT"},
        {"etcd: {endpoints: [\"http://a:1/\"]}", "etcd.endpoints[0]: is no http(s)://HOST:PORT"},
        {"etcd: {endpoints: [\"https://[::1]:70000\"]}", "etcd.endpoints[0]: is no http(s)://HOST:PORT"},
        {"etcd: {endpoints: [\"http://u:hunter2@a:1\"]}", "give them as etcd.user and etcd.password"},
        {"listen: foo", "scheduling-config.yaml:1:9: listen: 'foo' is not ADDRESS:PORT"},
        {"listen: 0.0.0.0:99999", "listen: '0.0.0.0:99999' is not ADDRESS:PORT"},
        {"listen: none", "listen: 'none' is not ADDRESS:PORT"},
        {"api: 1.2.3.4", "api: '1.2.3.4' is not ADDRESS:PORT"},
        {"etcd: {address: \"host:7444\"}", "etcd.address: 'host:7444' is not ADDRESS:PORT"},
        {"etcd: {name: \"a b/../c\"}", "etcd.name: controller 'a b/../c' is no name"},
        {"etcd: {prefix: izar}", "etcd.prefix: must begin with '/'"},
        {"etcd: {prefix: \"/i zar\"}", "etcd.prefix: must begin with '/'"},
        {"etcd: {user: u}", "etcd.user: needs etcd.password beside it"},
        {"etcd: {password: u}", "etcd.password: needs etcd.user beside it"},
        {"etcd: {key_file: /k}", "etcd.key_file: needs etcd.certificate_file beside it"},
        {"etcd: {endpoints: [\"http://a:1\"], ca_file: /c}", "etcd.ca_file: has no meaning for http://"},
        {"etcd: {lease: 1s}", "out of bounds"},
        {"store: {host: db}", "store.host: has no meaning for SQLite"},
        {"store: {answer_limit: 4s}", "store.answer_limit: has no meaning for SQLite"},
        {"store: {kind: mariadb, answer_limit: 1s}", "out of bounds"},
        {"listen: [", "scheduling-config.yaml:"},
    };
    for (const auto& [text, expected] : cases) {
        EXPECT_NE(problem_of(text).find(expected), std::string::npos) << text << "\n" << problem_of(text);
    }
    EXPECT_NE(problem_of("", {"IZAR_CONTROLLER_STORE_KID=sqlite"}).find("did you mean IZAR_CONTROLLER_STORE_KIND?"),
              std::string::npos);
    EXPECT_NE(problem_of("", {"IZAR_CONTROLLER_STORE_PORT=70000"}).find("IZAR_CONTROLLER_STORE_PORT: '70000'"),
              std::string::npos);
}

TEST(SchedulingConfig, ASighupTakesWhatCanChangeAndNothingElse) {
    SchedulingConfig in_force;
    auto next = parse_scheduling_config(
        "listen: 127.0.0.1:1\napi: none\nmetrics: none\noperator_socket: /a\nstate: /b\n"
        "store: {kind: mariadb, path: /c, host: d, port: 1, socket: /e, user: f, password: g, database: h, ca_file: "
        "/i, connect_limit: 2s, answer_limit: 4s, upkeep_limit: 30s, "
        "keep_samples: 2h, keep_removals: 3h}\n"
        "etcd: {endpoints: [\"https://j:1\"], user: m, password: n, ca_file: /o, certificate_file: /p, key_file: /q, "
        "prefix: /k, name: l, address: \"192.0.2.1:2\", lease: 9s}\n",
        "scheduling-config.yaml", {});
    ASSERT_TRUE(next) << next.error().text;
    const auto changed = [&](bool at_sighup) {
        return changed_keys(scheduling_keys(in_force), scheduling_keys(*next), at_sighup);
    };
    ASSERT_EQ(changed(true).size() + changed(false).size(), scheduling_keys(in_force).size()) << "every key differs";
    const auto waiting = changed(false);
    take_at_sighup(in_force, *next);
    EXPECT_EQ(changed(true), std::vector<std::string>{});
    EXPECT_EQ(changed(false), waiting);
}

TEST(SchedulingConfig, OpensTheStoreItNames) {
    const TemporaryFolder folder;
    const auto config = parse_scheduling_config("state: " + folder.path(), "scheduling-config.yaml", {});
    const auto store = open_store(config.value());
    ASSERT_TRUE(store) << store.error().text;
    EXPECT_TRUE(std::filesystem::exists(folder / "izar.db"));
}

// The page is generated; where it differs, the failure prints what it should hold.
TEST(SchedulingConfig, TheReferencePageIsTheListOfKeys) {
    SchedulingConfig defaults;
    const std::string rows = config_reference(scheduling_keys(defaults), kControllerPrefix);
    std::ifstream file(std::string(IZAR_SOURCE_ROOT) + "/docs/scheduling-config.md");
    std::ostringstream page;
    page << file.rdbuf();
    EXPECT_NE(page.str().find(rows), std::string::npos) << rows;
}

}  // namespace
}  // namespace izar
