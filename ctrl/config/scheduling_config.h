// scheduling_config.h -- scheduling-config.yaml: where izar-controller listens, what it keeps, and how it shares.
//
// Thread: built by main before anything else runs, constant afterwards.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ctrl/etcd/etcd_client.h"
#include "ctrl/store/store.h"
#include "dataplane/base/result.h"
#include "dataplane/config/config_keys.h"

namespace izar {

enum class StoreKind : std::uint8_t { sqlite, mariadb };

// Leadership by a lease in etcd; no endpoints: this controller is the only one.
struct EtcdConfig {
    std::vector<std::string> endpoints;  // "http://127.0.0.1:2379"
    EtcdAccess access;
    std::string prefix = "/izar";  // of all keys
    std::string name;              // of this controller among the others
    std::string address;           // of its API, for the others and clients; empty: `api`
    Nanos lease = std::chrono::seconds{10};
};

struct SchedulingConfig {
    std::string listen = "0.0.0.0:7443";
    std::string api = "0.0.0.0:7444";        // "none": nowhere
    std::string metrics = "127.0.0.1:9099";  // "none": nowhere
    std::string operator_socket = "/run/izar/controller.sock";
    std::string state = "/var/lib/izar/controller";
    StoreKind store_kind = StoreKind::sqlite;
    std::string store_path;  // empty: izar.db in `state`
    MariadbAddress mariadb;
    EtcdConfig etcd;
    Nanos keep_samples = std::chrono::hours{24 * 7};
    Nanos keep_removals = std::chrono::hours{24 * 7};
};

inline constexpr std::string_view kControllerPrefix = "IZAR_CONTROLLER_";

// The keys of the file, bound to this config, which must outlive them.
std::vector<ConfigKey> scheduling_keys(SchedulingConfig& config);

// `environment`: "NAME=value" each. Refuses etcd with SQLite, without a name, and without an address of the API that
// the others can reach, which is no name of a host: nobody waits for names to be looked up.
Result<SchedulingConfig> parse_scheduling_config(const std::string& text, const std::string& file_name,
                                                 std::span<const std::string> environment);

// Takes the keys that a SIGHUP puts in force, and no others.
void take_at_sighup(SchedulingConfig& into, const SchedulingConfig& from);

// Where the other controllers reach this one's API, and where what came to them of agents: at `listen`, or if that is
// any address at that of the API.
std::string api_address(const SchedulingConfig& config);
std::string agents_address(const SchedulingConfig& config);

StoreOptions store_options(const SchedulingConfig& config);
Result<std::unique_ptr<Store>> open_store(const SchedulingConfig& config);

}  // namespace izar
