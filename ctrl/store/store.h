// store.h -- Store: everything the control plane must not forget, behind one interface without SQL.
//
// Thread:    owned by one. A call waits for the disk (SQLite) or the database (MariaDB), from microseconds to
//            MariadbAddress's limits when it falls silent; calls after that fail at once until it is there again.
// Durable:   what a call below "static data" or "tokens" returned as done is on disk; losing power does not undo it.
//            Measurements and history are only in order: the last seconds of them may be lost with the machine.
// Atomic:    every call happens as a whole or not at all, also when the process is killed inside it. A call that ended
//            without an answer (`unknown`) may be repeated: doing it twice leaves what doing it once leaves.
// Fenced:    every writing call compares the fence inside its own transaction and fails with `fenced` when somebody
//            claimed a higher one, whatever this process believes about its lease.
// Time:      always a parameter, from the caller's clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctrl/store/failpoint.h"
#include "ctrl/store/history.h"
#include "ctrl/store/records.h"
#include "ctrl/store/store_result.h"
#include "dataplane/base/result.h"
#include "dataplane/base/types.h"

namespace izar {

class Store {
  public:
    Store() = default;
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    virtual ~Store() = default;

    // Leads from here on: later writes carry this fence. `fenced` if a higher one was claimed. A controller that
    // shares its store claims when it wins a lease; one that is alone never needs to.
    virtual StoreResult<void> claim(Fence fence) = 0;
    // Leads without a lease from here on, while this store is open. `refused` while another does so on the same data;
    // `fenced` if somebody leads by a lease. Over a connection that was lost and made anew, calls fail with `fenced`
    // when another leads since.
    virtual StoreResult<void> lead_alone() = 0;
    // Writes beside whoever leads from here on, without fence: for a program that makes one change and keeps nothing of
    // what it read. The leader finds it with the next look at what changed.
    virtual void write_beside_leaders() = 0;

    // --- Tokens ---
    // `token` is a text from new_token; only a hash of its secret half is kept.
    virtual StoreResult<TokenRecord> create_token(std::string_view token, const TokenSpec& spec, WallTime now) = 0;
    virtual StoreResult<void> withdraw_token(std::string_view id, WallTime now) = 0;
    virtual StoreResult<std::vector<TokenRecord>> tokens() = 0;  // also used-up and expired ones, until pruned

    // --- Static data: nodes ---
    // Redeems one use of the token and gives the node its id, in one step. A node declared with the same address gets
    // the id of its declaration. Repeating a join with the same token and key gives the same record and costs no use,
    // so an agent whose answer got lost tries again. `denied` for the token, `refused` for an address or name in use.
    virtual StoreResult<NodeRecord> join(const JoinRequest& request, WallTime now) = 0;
    virtual StoreResult<void> revoke_node(NodeId id, WallTime now) = 0;
    // Those of them that are joined and were never seen before are seen from now on.
    virtual StoreResult<void> mark_seen(std::span<const NodeId> nodes, WallTime now) = 0;
    virtual StoreResult<void> set_drained(NodeId id, bool drained, WallTime now) = 0;
    virtual StoreResult<std::optional<NodeRecord>> node(NodeId id) = 0;
    virtual StoreResult<std::vector<NodeRecord>> nodes() = 0;  // in order of id, revoked ones too

    // --- Static data: services, domains, documents ---
    // Replaces the service of this name and all its VIPs at nodes, or adds one. Gives ids: those given are ignored, and
    // a VIP that the service has keeps its own, at whichever node. `refused` for a VIP that another service has with
    // the same transport and ports, or that is a node's address, declared ones too; and for a node that is not there.
    virtual StoreResult<ServiceRecord> set_service(const Service& service, std::span<const NodeVip> node_vips,
                                                   WallTime now) = 0;
    // One without VIPs at nodes.
    StoreResult<ServiceRecord> set_service(const Service& service, WallTime now) {
        return set_service(service, {}, now);
    }
    virtual StoreResult<void> remove_service(std::string_view name, WallTime now) = 0;
    virtual StoreResult<std::vector<ServiceRecord>> services() = 0;  // in order of id
    // `service`: name of the one that gets this origin; empty: the one that the domain has, else the one of its name,
    // else the only one. `refused` where there is none of these, where its VIP is of another family, and where another
    // domain gives it another origin.
    virtual StoreResult<DomainRecord> set_domain(std::string_view domain, const IpAddress& origin_ip,
                                                 std::string_view service, WallTime now) = 0;
    virtual StoreResult<void> remove_domain(std::string_view domain, WallTime now) = 0;
    virtual StoreResult<std::vector<DomainRecord>> domains() = 0;  // in order of name
    virtual StoreResult<Document> set_document(std::string_view name, std::string_view body, WallTime now) = 0;
    virtual StoreResult<void> remove_document(std::string_view name, WallTime now) = 0;
    virtual StoreResult<std::vector<Document>> documents() = 0;

    // --- Static data: inventories ---
    // Takes a whole inventory or, if one line of it is refused, nothing. Lines that stand there already change nothing.
    // A domain that has no service gets the one of its name, or, alone, the only one; without such it leads nowhere
    // until set_domain gives it one, or a service of its name is added.
    virtual StoreResult<void> import_inventory(const Inventory& inventory, WallTime now) = 0;
    // Takes what operators' files say, all or nothing. Of listed nodes and domains it takes those whose line is new or
    // differs from the one that was taken last: what was changed otherwise since, and what was removed, stays so. A
    // node that was revoked stays so unless its line changes. Gives the names of those that are listed and revoked.
    virtual StoreResult<std::vector<std::string>> take_files(const OperatorFiles& files, WallTime now) = 0;
    // Takes up what somebody wrote into the public tables node_region and domain_origin with another program: new
    // rows, and changed regions, names, descriptions and origins. What cannot be taken up stays where it is, changes
    // nothing, and is told.
    virtual StoreResult<AdoptedRows> adopt_public_rows(WallTime now) = 0;

    // --- Static data: versions ---
    virtual StoreResult<StaticVersion> static_version() = 0;
    // One consistent look; cheap when nothing changed.
    virtual StoreResult<StaticChanges> changes_since(StaticVersion known) = 0;

    // --- Shares of regions' clients: no static data, and like measurements not on disk at once ---
    // In place of all that were there.
    virtual StoreResult<void> write_shares(std::span<const SharesRecord> shares) = 0;
    // In order of region; rows that nobody can read are left out.
    virtual StoreResult<std::vector<SharesRecord>> shares() = 0;

    // --- Measurements: a call is one transaction, so give it a round at a time ---
    virtual StoreResult<void> write_system_info(std::span<const SystemInfo> samples, WallTime now) = 0;
    virtual StoreResult<std::vector<SystemInfo>> latest_system_info() = 0;  // one per ip
    virtual StoreResult<void> write_region_probes(std::span<const RegionProbe> probes) = 0;
    virtual StoreResult<std::vector<RegionProbe>> region_probes(WallTime since) = 0;           // oldest first
    virtual StoreResult<std::vector<RegionProbe>> newest_region_probes(std::size_t most) = 0;  // newest first
    // `dead`: links that have no latency now, and no row afterwards.
    virtual StoreResult<void> write_link_metrics(std::span<const LinkMetric> metrics,
                                                 std::span<const LinkEnds> dead) = 0;
    virtual StoreResult<std::vector<LinkMetric>> link_metrics() = 0;  // in order of both addresses, as text
    virtual StoreResult<std::vector<LinkMetric>> link_metrics_from(std::string_view source_ip) = 0;

    // --- History ---
    virtual StoreResult<void> write_history(std::span<const HistorySample> samples) = 0;
    virtual StoreResult<std::vector<HistoryPoint>> history(const HistoryQuery& query) = 0;  // oldest first

    // --- Upkeep: bounded work, some times an hour ---
    // Folds history into coarser tiers, drops samples, tokens, removal marks and links of revoked nodes that nobody
    // needs any more.
    virtual StoreResult<void> compact(WallTime now) = 0;
    // In place of StoreOptions', from the next upkeep on.
    virtual void keep_for(std::chrono::hours samples, std::chrono::hours removals) = 0;
};

struct StoreOptions {
    HistoryTiers tiers = default_history_tiers();
    std::chrono::hours keep_samples{24 * 7};   // rows of system_info, region_probe_info and network_metrics
    std::chrono::hours keep_removals{24 * 7};  // for readers that were away; longer absences get everything
    FailPoints* fail_points = nullptr;         // tests only; outlives the store
};

// A file, made if it is not there. Refuses one that a newer izar wrote.
Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, const StoreOptions& options);

struct MariadbAddress {
    std::string host = "127.0.0.1";
    std::uint16_t port = 3306;
    std::string socket;  // path of a Unix socket; if given, host and port are not used
    std::string user = "izar";
    std::string password;
    std::string database = "izar";
    std::string ca_file;  // the server's certificate is checked against it; empty: no TLS
    // A server that does not say anything any more is given up after these, rounded up to whole seconds.
    Nanos connect_limit = std::chrono::seconds{5};
    Nanos answer_limit = std::chrono::seconds{3};  // to a statement; a row that others hold is waited for a second less
    Nanos upkeep_limit = std::chrono::seconds{20};  // to a statement of compact() or a migration
};

// The database must exist and be ours; tables are made. Refuses a server that does not flush its log at commit.
Result<std::unique_ptr<Store>> open_mariadb_store(const MariadbAddress& address, const StoreOptions& options);

}  // namespace izar
