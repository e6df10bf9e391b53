// desired_state.h -- DesiredState: what the store says the fleet should be, as each node is to be told.
//
// Thread: one. The store is read only when its version moved.
//
// A node is told of all joined nodes, of all services that somebody can serve, and of the secrets of its own links.
// Drained nodes serve no service while another can, and such whose agent was never here none at all; a domain that
// leads to a service gives it its origin. A service's VIP at a node is one more service of the same name to those who
// are told, with an id of its own (docs/decisions/0036).
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>

#include "ctrl/frames/static_data.h"
#include "ctrl/store/store.h"
#include "dataplane/base/result.h"

namespace izar {

// Name of the document of the store that is the fleet's routing-policy.yaml.
inline constexpr std::string_view kRoutingPolicyDocument = "routing-policy.yaml";

// The fleet's master secret, from which every link's is derived. Stays with the controllers.
using MasterSecret = std::array<std::uint8_t, 32>;

// HMAC-SHA256 over both node ids, lower first: both ends' data get the same, and nobody else's.
LinkSecret derive_link_secret(const MasterSecret& master, NodeId one, NodeId other);

class DesiredState {
  public:
    explicit DesiredState(const MasterSecret& master);
    ~DesiredState();

    // Reads what changed; true if anything did.
    Result<bool> refresh(Store& store);

    std::uint64_t version() const noexcept { return version_; }
    const std::map<NodeId, NodeRecord>& records() const noexcept { return records_; }
    std::uint64_t store_number() const noexcept { return store_number_; }  // fleet_identity.h
    bool is_member(NodeId node) const { return nodes().contains(node); }
    const std::map<NodeId, FleetNode>& nodes() const noexcept { return remembered_.back().nodes; }
    // As nodes are told of them: one for each VIP.
    const std::map<ServiceId, Service>& services() const noexcept { return remembered_.back().services; }
    // As operators made them, whether somebody can serve them or not. One that is served has its id in services().
    const std::map<ServiceId, ServiceRecord>& service_records() const noexcept { return service_records_; }
    const std::string& routing_policy() const noexcept { return routing_policy_; }  // text; empty: none
    const std::map<std::string, DomainRecord>& domains() const noexcept { return domains_; }
    std::set<NodeId> node_ids() const;
    // By id or by name; kNoNode if there is none.
    NodeId find(const std::string& id_or_name) const;
    // The version that a node has which took `version` of the store of this number: 0 if that is another store.
    std::uint64_t version_of(std::uint64_t store_number, std::uint64_t version) const noexcept {
        return store_number == store_number_ ? version : 0;
    }
    // What leads a node that has version `base` to the newest: a change if that base is still remembered, else all.
    control::StaticUpdate update_for(NodeId node, std::uint64_t base);

  private:
    static constexpr std::size_t kRemembered = 64;  // versions that a node may come back with and still get a change

    void build();
    std::vector<Egress> usual_egresses(const std::map<NodeId, FleetNode>& nodes) const;
    Service effective(const ServiceRecord& record, const std::map<NodeId, FleetNode>& nodes,
                      const std::vector<Egress>& usual) const;

    MasterSecret master_;
    std::uint64_t version_ = 0;
    std::uint64_t store_number_ = 0;
    std::map<NodeId, NodeRecord> records_;
    std::map<ServiceId, ServiceRecord> service_records_;
    std::map<std::string, DomainRecord> domains_;
    std::string routing_policy_;
    std::deque<StaticData> remembered_;                       // without secrets; the newest last
    std::map<std::uint64_t, control::StaticUpdate> updates_;  // to the newest, by base
};

}  // namespace izar
