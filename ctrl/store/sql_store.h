// sql_store.h -- SqlStore: the Store over a database that speaks SQL. One text for SQLite and MariaDB.
//
// The functions stand in files by subject: sql_tokens.cc, sql_nodes.cc, sql_services.cc, sql_node_vips.cc,
// sql_domains.cc, sql_domain_leads.cc, sql_documents.cc, sql_inventory.cc, sql_files.cc, sql_changes.cc, sql_shares.cc,
// sql_measurements.cc, sql_history.cc.
//
// Thread: as Store.
#pragma once

#include <limits>
#include <memory>

#include "ctrl/store/sql.h"
#include "ctrl/store/store.h"
#include "ctrl/store/transaction.h"

namespace izar {

class SqlStore final : public Store {
  public:
    // The connection's tables are there (schema.h).
    SqlStore(std::unique_ptr<SqlConnection> connection, StoreOptions options)
        : connection_(std::move(connection)), options_(std::move(options)) {}

    StoreResult<void> claim(Fence fence) override;
    StoreResult<void> lead_alone() override;
    void write_beside_leaders() override { fence_ = kNoFenceIsHigher; }

    StoreResult<TokenRecord> create_token(std::string_view token, const TokenSpec& spec, WallTime now) override;
    StoreResult<void> withdraw_token(std::string_view id, WallTime now) override;
    StoreResult<std::vector<TokenRecord>> tokens() override;

    StoreResult<NodeRecord> join(const JoinRequest& request, WallTime now) override;
    StoreResult<void> revoke_node(NodeId id, WallTime now) override;
    StoreResult<void> mark_seen(std::span<const NodeId> nodes, WallTime now) override;
    StoreResult<void> set_drained(NodeId id, bool drained, WallTime now) override;
    StoreResult<std::optional<NodeRecord>> node(NodeId id) override;
    StoreResult<std::vector<NodeRecord>> nodes() override;

    StoreResult<ServiceRecord> set_service(const Service& service, std::span<const NodeVip> node_vips,
                                           WallTime now) override;
    StoreResult<void> remove_service(std::string_view name, WallTime now) override;
    StoreResult<std::vector<ServiceRecord>> services() override;
    StoreResult<DomainRecord> set_domain(std::string_view domain, const IpAddress& origin_ip, std::string_view service,
                                         WallTime now) override;
    StoreResult<void> remove_domain(std::string_view domain, WallTime now) override;
    StoreResult<std::vector<DomainRecord>> domains() override;
    StoreResult<Document> set_document(std::string_view name, std::string_view body, WallTime now) override;
    StoreResult<void> remove_document(std::string_view name, WallTime now) override;
    StoreResult<std::vector<Document>> documents() override;

    StoreResult<void> import_inventory(const Inventory& inventory, WallTime now) override;
    StoreResult<std::vector<std::string>> take_files(const OperatorFiles& files, WallTime now) override;
    StoreResult<AdoptedRows> adopt_public_rows(WallTime now) override;

    StoreResult<StaticVersion> static_version() override;
    StoreResult<StaticChanges> changes_since(StaticVersion known) override;

    StoreResult<void> write_shares(std::span<const SharesRecord> shares) override;
    StoreResult<std::vector<SharesRecord>> shares() override;

    StoreResult<void> write_system_info(std::span<const SystemInfo> samples, WallTime now) override;
    StoreResult<std::vector<SystemInfo>> latest_system_info() override;
    StoreResult<void> write_region_probes(std::span<const RegionProbe> probes) override;
    StoreResult<std::vector<RegionProbe>> region_probes(WallTime since) override;
    StoreResult<std::vector<RegionProbe>> newest_region_probes(std::size_t most) override;
    StoreResult<void> write_link_metrics(std::span<const LinkMetric> metrics, std::span<const LinkEnds> dead) override;
    StoreResult<std::vector<LinkMetric>> link_metrics() override;
    StoreResult<std::vector<LinkMetric>> link_metrics_from(std::string_view source_ip) override;

    StoreResult<void> write_history(std::span<const HistorySample> samples) override;
    StoreResult<std::vector<HistoryPoint>> history(const HistoryQuery& query) override;

    StoreResult<void> compact(WallTime now) override;
    void keep_for(std::chrono::hours samples, std::chrono::hours removals) override {
        options_.keep_samples = samples;
        options_.keep_removals = removals;
    }

  private:
    static constexpr Fence kNoFenceIsHigher{std::numeric_limits<std::uint64_t>::max()};

    StoreResult<void> compacted(WallTime now);
    Transaction writing(std::string_view operation, Durability durability = Durability::full) {
        return {*connection_, options_.fail_points, operation, fence_, durability};
    }
    Transaction reading() { return Transaction(*connection_); }

    std::unique_ptr<SqlConnection> connection_;
    StoreOptions options_;
    Fence fence_{0};  // claimed by us
};

// --- Rows that several of the files read and write ---

enum class Removed : std::uint8_t { service, domain, document };

// Writes the mark that tells a reader what is gone, and takes it back when the thing returns.
void mark_removed(Transaction& transaction, Removed kind, const std::string& name, WallTime now);
void unmark_removed(Transaction& transaction, Removed kind, const std::string& name);

// With `condition` as the rest of the SELECT: "WHERE version > ?".
std::vector<NodeRecord> read_nodes(Transaction& transaction, std::string_view condition, const SqlValues& values);
std::vector<ServiceRecord> read_services(Transaction& transaction, std::string_view condition, const SqlValues& values);
std::vector<DomainRecord> read_domains(Transaction& transaction, std::string_view condition, const SqlValues& values);
std::vector<Document> read_documents(Transaction& transaction, std::string_view condition, const SqlValues& values);

// Fills in the VIPs at nodes of those services, which `condition` selects as for read_services.
void read_node_vips(Transaction& transaction, std::string_view condition, const SqlValues& values,
                    std::vector<ServiceRecord>& services);
// Makes the rows those of `after`.
void write_node_vips(Transaction& transaction, const ServiceRecord& before, const ServiceRecord& after);
// Whether the addresses that `after` has and `before` had not are no node's, and whether the nodes that they are at are
// there. The error is for the operator; check the transaction first.
Result<void> check_new_vips(Transaction& transaction, const ServiceRecord& before, const ServiceRecord& after);
Result<void> check_vip_nodes(Transaction& transaction, const ServiceRecord& before, const ServiceRecord& after);

// Adds a node, or replaces the row with its id, in izar_nodes and in node_region.
void write_node(Transaction& transaction, const NodeRecord& node, const std::string& token_id);
// The id that the next new node gets, or nothing when all are given.
std::optional<NodeId> next_node_id(Transaction& transaction);
// Declares a node unless it stands there as it is. The error is for the operator; check the transaction first.
Result<void> declare_node(Transaction& transaction, const NodeDeclaration& declared, NodeId wanted, WallTime now);

void write_domain(Transaction& transaction, const DomainRecord& domain);
// Sets a listed domain's origin unless it has it. The error is for the operator.
Result<void> take_domain(Transaction& transaction, const std::string& domain, const IpAddress& origin_ip, WallTime now);

// Writes a document unless it stands there as it is. The error is for the operator; check the transaction first.
Result<Document> put_document(Transaction& transaction, std::string_view name, std::string_view body);

// Whether the domain may give the service its origin. The error is for the operator, as service_to_lead's.
Result<void> check_lead(Transaction& transaction, const DomainRecord& domain, const Service& service);
// The name of the service that a domain is to lead to: the one wanted, else the one it has, else the one of its name,
// else the only one.
StoreResult<std::string> service_to_lead(Transaction& transaction, const DomainRecord& domain, std::string_view wanted);
// Domains without a service get the one of their name, where it may have their origin.
enum class LeadTo : std::uint8_t { namesake, namesake_or_only };  // the only service: of one domain, if no other has it
void lead_domains_without_service(Transaction& transaction, LeadTo choice);

void insert_system_info(Transaction& transaction, const SystemInfo& sample, WallTime now);
void insert_region_probe(Transaction& transaction, const RegionProbe& probe);
void put_link_metric(Transaction& transaction, const LinkMetric& metric);

}  // namespace izar
