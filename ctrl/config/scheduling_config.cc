#include "ctrl/config/scheduling_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "ctrl/config/place_keys.h"
#include "ctrl/loop/sockets.h"
#include "ctrl/store/checks.h"
#include "dataplane/config/duration.h"

namespace izar {
namespace {

constexpr std::size_t kLongestPath = 4096;
constexpr std::size_t kLongestSocket = 107;  // sun_path without its terminator, unix(7)
constexpr std::size_t kMostEndpoints = 9;
constexpr std::size_t kLongestPrefix = 255;
constexpr Nanos kShortestLease = std::chrono::seconds{2};
constexpr Nanos kLongestLease = std::chrono::seconds{60};
constexpr Nanos kShortestKeep = std::chrono::hours{1};
constexpr Nanos kShortestStoreLimit = std::chrono::seconds{1};
constexpr Nanos kShortestAnswerLimit = std::chrono::seconds{2};  // more than a wait for a row that others hold
constexpr Nanos kLongestStoreLimit = std::chrono::minutes{1};
constexpr Nanos kLongestUpkeepLimit = std::chrono::minutes{10};
constexpr std::string_view kDuration = "a duration like 10s or 168h";

void read_endpoints(const YamlCursor& at, std::vector<std::string>& out) {
    std::vector<std::string> endpoints;
    for (const YamlCursor& item : at.list(kMostEndpoints)) {
        auto endpoint = item.text(255);
        const auto good = endpoint ? check_endpoint(*endpoint) : Result<void>{};
        if (!good) {
            item.problem(good.error().text);
        } else if (endpoint) {
            endpoints.push_back(std::move(*endpoint));
        }
    }
    out = std::move(endpoints);
}

void add_store_keys(SchedulingConfig& config, std::vector<ConfigKey>& keys) {
    MariadbAddress& mariadb = config.mariadb;
    keys.push_back({.path = "store.kind",
                    .kind = "sqlite, mariadb",
                    .meaning = "Which database the store is in; several controllers need mariadb.",
                    .read =
                        [&config](const YamlCursor& at) {
                            assign(config.store_kind, at.word({"sqlite", "mariadb"}));
                        },
                    .show = [&config] { return config.store_kind == StoreKind::sqlite ? "sqlite" : "mariadb"; }});
    keys.push_back(text_key("store.path", "a path", "SQLite's file; empty: izar.db under `state`.", config.store_path,
                            kLongestPath));
    keys.push_back(text_key("store.host", "a host", "MariaDB's host.", mariadb.host));
    keys.push_back({.path = "store.port",
                    .kind = "1 to 65535",
                    .meaning = "MariaDB's port.",
                    .read = [&mariadb](const YamlCursor& at) { assign(mariadb.port, at.integer(1, 65535)); },
                    .show = [&mariadb] { return std::to_string(mariadb.port); }});
    keys.push_back(text_key("store.socket", "a path", "MariaDB's Unix socket; given, it replaces host and port.",
                            mariadb.socket, kLongestSocket));
    keys.push_back(text_key("store.user", "a name", "MariaDB's account.", mariadb.user));
    keys.push_back(
        text_key("store.password", "text", "Its password; better in the variable than in the file.", mariadb.password));
    keys.back().secret = true;
    keys.push_back(text_key("store.database", "a name", "The database, which must exist.", mariadb.database));
    keys.push_back(text_key("store.ca_file", "a path", "CA that signed MariaDB's certificate; empty: no TLS.",
                            mariadb.ca_file, kLongestPath));
    keys.push_back(duration_key("store.connect_limit", kDuration, "How long a connection to MariaDB may take.",
                                mariadb.connect_limit, kShortestStoreLimit, kLongestStoreLimit));
    keys.push_back(duration_key("store.answer_limit", kDuration,
                                "How long MariaDB may take for an answer. Then whoever asked for something hears that "
                                "the store is silent, all others at once, until there is a new connection.",
                                mariadb.answer_limit, kShortestAnswerLimit, kLongestStoreLimit));
    keys.push_back(duration_key("store.upkeep_limit", kDuration,
                                "The same for folding and dropping old samples, every ten minutes, and for migrations.",
                                mariadb.upkeep_limit, kShortestAnswerLimit, kLongestUpkeepLimit));
    keys.push_back(duration_key("store.keep_samples", kDuration,
                                "How long rows of system_info, region_probe_info and network_metrics are kept.",
                                config.keep_samples, kShortestKeep, kLongestDuration));
    keys.back().at_sighup = true;
    keys.push_back(duration_key("store.keep_removals", kDuration,
                                "How long a node may be away and still be told only what changed.",
                                config.keep_removals, kShortestKeep, kLongestDuration));
    keys.back().at_sighup = true;
}

// etcd's keys are built from it: PREFIX/members/NAME.
Result<std::string> checked_prefix(std::string_view text) {
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
    if (!text.starts_with('/') || text.ends_with('/') || !plain || text.size() > kLongestPrefix) {
        return fail("must begin with '/', not end with it, and be plain characters without blanks, like /izar");
    }
    return std::string(text);
}

Result<std::string> checked_name(std::string_view text) {
    const auto good = text.empty() ? Result<void>{} : check_name("controller", text);
    return good ? Result<std::string>(text) : tl::unexpected(good.error());
}

void add_etcd_access_keys(EtcdAccess& access, std::vector<ConfigKey>& keys) {
    keys.push_back(text_key("etcd.user", "a name", "etcd's account, where it asks for one.", access.user));
    keys.push_back(
        text_key("etcd.password", "text", "Its password; better in the variable than in the file.", access.password));
    keys.back().secret = true;
    keys.push_back(text_key("etcd.ca_file", "a path",
                            "CA that signed etcd's certificate, for https; empty: those of the system.", access.ca_file,
                            kLongestPath));
    keys.push_back(text_key("etcd.certificate_file", "a path",
                            "This controller's certificate, where etcd asks for one.", access.certificate_file,
                            kLongestPath));
    keys.push_back(text_key("etcd.key_file", "a path", "Its key.", access.key_file, kLongestPath));
}

void add_etcd_keys(EtcdConfig& etcd, std::vector<ConfigKey>& keys) {
    keys.push_back({.path = "etcd.endpoints",
                    .kind = "a list of http(s)://HOST:PORT",
                    .meaning = "etcd's members; empty: this controller is the only one.",
                    .read = [&etcd](const YamlCursor& at) { read_endpoints(at, etcd.endpoints); },
                    .show = [&etcd] { return yaml_list(etcd.endpoints); }});
    add_etcd_access_keys(etcd.access, keys);
    keys.push_back(
        checked_text_key("etcd.prefix", "a path", "What all keys in etcd begin with.", etcd.prefix, checked_prefix));
    keys.push_back(
        checked_text_key("etcd.name", "a name", "This controller's name among the others.", etcd.name, checked_name));
    keys.push_back(place_key("etcd.address", "ADDRESS:PORT",
                             "Where the other controllers reach this one's API; empty: `api`.", etcd.address,
                             InPlace::empty));
    keys.push_back(duration_key("etcd.lease", kDuration, "How long a leader that is not heard of stays leader.",
                                etcd.lease, kShortestLease, kLongestLease));
}

bool is_anywhere(std::string_view address) {
    return address.starts_with("0.0.0.0:") || address.starts_with("[::]:");
}

template <typename MarkOf>
void check_etcd_access(const EtcdConfig& etcd, const MarkOf& mark_of, ConfigProblems& problems) {
    const EtcdAccess& access = etcd.access;
    const std::tuple<const char*, const char*, bool> pairs[] = {
        {"etcd.password", "etcd.user", access.user.empty() && !access.password.empty()},
        {"etcd.user", "etcd.password", access.password.empty() && !access.user.empty()},
        {"etcd.certificate_file", "etcd.key_file", access.key_file.empty() && !access.certificate_file.empty()},
        {"etcd.key_file", "etcd.certificate_file", access.certificate_file.empty() && !access.key_file.empty()}};
    for (const auto& [given, lacking, is_lacking] : pairs) {
        if (is_lacking) {
            problems.add(mark_of(given), fmt::format("{}: needs {} beside it", given, lacking));
        }
    }
    const std::pair<const char*, const std::string&> files[] = {{"etcd.ca_file", access.ca_file},
                                                                {"etcd.certificate_file", access.certificate_file}};
    for (const auto& [path, file] : files) {
        const auto is_plain = [](const std::string& endpoint) { return endpoint.starts_with("http://"); };
        if (!file.empty() && std::any_of(etcd.endpoints.begin(), etcd.endpoints.end(), is_plain)) {
            problems.add(mark_of(path),
                         fmt::format("{}: has no meaning for http://; write https:// in etcd.endpoints", path));
        }
    }
}

// What each key alone cannot say.
void check_whole(const SchedulingConfig& config, const ConfigMarks& marks, ConfigProblems& problems) {
    const auto mark_of = [&](std::string_view path) {
        const auto found = marks.find(path);
        return found == marks.end() ? SourceMark{1, 1} : found->second;
    };
    const bool shared = !config.etcd.endpoints.empty();
    if (shared && config.store_kind == StoreKind::sqlite) {
        problems.add(mark_of("etcd.endpoints"),
                     "etcd.endpoints: several controllers cannot share an SQLite file; set store.kind to mariadb, or "
                     "leave etcd out and run one controller");
    }
    if (shared && config.etcd.name.empty()) {
        problems.add(mark_of("etcd.endpoints"), "etcd.name: give each controller a name of its own");
    }
    if (shared && (is_anywhere(api_address(config)) || !SocketAddress::parse(api_address(config)))) {
        problems.add(mark_of("etcd.endpoints"),
                     "etcd.address: say where the other controllers reach this one's API, like 192.0.2.1:7444");
    }
    check_etcd_access(config.etcd, mark_of, problems);
    const MariadbAddress unset;
    const MariadbAddress& set = config.mariadb;
    const std::pair<std::string_view, bool> only_mariadb[] = {
        {"store.host", set.host != unset.host},
        {"store.port", set.port != unset.port},
        {"store.socket", set.socket != unset.socket},
        {"store.ca_file", set.ca_file != unset.ca_file},
        {"store.connect_limit", set.connect_limit != unset.connect_limit},
        {"store.answer_limit", set.answer_limit != unset.answer_limit},
        {"store.upkeep_limit", set.upkeep_limit != unset.upkeep_limit}};
    for (const auto& [path, given] : only_mariadb) {
        if (given && config.store_kind == StoreKind::sqlite) {
            problems.add(mark_of(path), fmt::format("{}: has no meaning for SQLite; set store.kind to mariadb", path));
        }
    }
}

}  // namespace

std::vector<ConfigKey> scheduling_keys(SchedulingConfig& config) {
    std::vector<ConfigKey> keys;
    keys.push_back(place_key("listen", "ADDRESS:PORT", "Where agents connect.", config.listen, InPlace::nothing));
    keys.push_back(
        place_key("api", "ADDRESS:PORT, none", "Where the HTTPS API is; none: nowhere.", config.api, InPlace::none));
    keys.push_back(place_key("metrics", "ADDRESS:PORT, none",
                             "Where Prometheus asks for /metrics, by HTTP and without a password; none: nowhere.",
                             config.metrics, InPlace::none));
    keys.push_back(
        text_key("operator_socket", "a path", "Where `izar` connects.", config.operator_socket, kLongestSocket));
    keys.push_back(text_key("state", "a path", "Folder of the authority, the master secret and the SQLite store.",
                            config.state, kLongestPath));
    add_store_keys(config, keys);
    add_etcd_keys(config.etcd, keys);
    return keys;
}

Result<SchedulingConfig> parse_scheduling_config(const std::string& text, const std::string& file_name,
                                                 std::span<const std::string> environment) {
    SchedulingConfig config;
    const auto check = [&](const ConfigMarks& marks, ConfigProblems& problems) {
        check_whole(config, marks, problems);
    };
    if (auto read = read_config(scheduling_keys(config), text, file_name, environment, kControllerPrefix, check);
        !read) {
        return tl::unexpected(read.error());
    }
    return config;
}

void take_at_sighup(SchedulingConfig& into, const SchedulingConfig& from) {
    into.keep_samples = from.keep_samples;
    into.keep_removals = from.keep_removals;
}

std::string api_address(const SchedulingConfig& config) {
    return config.etcd.address.empty() ? config.api : config.etcd.address;
}

std::string agents_address(const SchedulingConfig& config) {
    if (!is_anywhere(config.listen)) {
        return config.listen;
    }
    const std::string api = api_address(config);
    return api.substr(0, api.rfind(':')) + config.listen.substr(config.listen.rfind(':'));
}

StoreOptions store_options(const SchedulingConfig& config) {
    StoreOptions options;
    options.keep_samples = std::chrono::duration_cast<std::chrono::hours>(config.keep_samples);
    options.keep_removals = std::chrono::duration_cast<std::chrono::hours>(config.keep_removals);
    return options;
}

Result<std::unique_ptr<Store>> open_store(const SchedulingConfig& config) {
    if (config.store_kind == StoreKind::mariadb) {
        return open_mariadb_store(config.mariadb, store_options(config));
    }
    const std::string path = config.store_path.empty() ? config.state + "/izar.db" : config.store_path;
    return open_sqlite_store(path, store_options(config));
}

}  // namespace izar
