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
#include <memory>
#include <set>
#include <string>

#include "ctrl/controller/link_generations.h"
#include "ctrl/frames/static_data.h"
#include "ctrl/store/store.h"
#include "dataplane/base/result.h"

namespace izar {

// Name of the document of the store that is the fleet's routing-policy.yaml.
inline constexpr std::string_view kRoutingPolicyDocument = "routing-policy.yaml";

class DesiredState {
  public:
    explicit DesiredState(const LinkRoots& roots);
    ~DesiredState();

    // Reads what changed; true if anything did. Link secrets that cannot be read are an error, and nothing is taken up:
    // others in their place would cut links.
    Result<bool> refresh(Store& store);

    std::uint64_t version() const noexcept { return version_; }
    const std::map<NodeId, NodeRecord>& records() const noexcept { return records_; }
    std::uint64_t store_number() const noexcept { return store_number_; }  // fleet_identity.h
    bool is_member(NodeId node) const { return nodes().contains(node); }
    const std::map<NodeId, FleetNode>& nodes() const noexcept { return remembered_.back().data.nodes; }
    // As nodes are told of them: one for each VIP.
    const std::map<ServiceId, Service>& services() const noexcept { return remembered_.back().data.services; }
    // As operators made them, whether somebody can serve them or not. One that is served has its id in services().
    const std::map<ServiceId, ServiceRecord>& service_records() const noexcept { return service_records_; }
    const std::string& routing_policy() const noexcept { return routing_policy_; }  // text; empty: none
    const std::map<std::string, DomainRecord>& domains() const noexcept { return domains_; }
    const LinkRoots& roots() const noexcept { return roots_; }
    const LinkGenerations& links() const noexcept { return *links_; }
    // A node that took this version, or a later one, has the newest generation of link secrets.
    std::uint64_t links_version() const noexcept { return links_version_; }
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

    struct Remembered {
        StaticData data;  // without secrets
        std::shared_ptr<const LinkGenerations> links;
    };
    Result<void> take_links(const StaticChanges& changes);
    void add_secret(control::StaticUpdate& update, NodeId node, NodeId peer) const;
    void build();
    std::vector<Egress> usual_egresses(const std::map<NodeId, FleetNode>& nodes) const;
    Service effective(const ServiceRecord& record, const std::map<NodeId, FleetNode>& nodes,
                      const std::vector<Egress>& usual) const;

    LinkRoots roots_;
    std::shared_ptr<const LinkGenerations> links_ = std::make_shared<LinkGenerations>();
    std::uint64_t links_version_ = 0;
    std::map<LinkGeneration, LinkRoot> root_of_;  // of those that a node may have
    std::uint64_t version_ = 0;
    std::uint64_t store_number_ = 0;
    std::map<NodeId, NodeRecord> records_;
    std::map<ServiceId, ServiceRecord> service_records_;
    std::map<std::string, DomainRecord> domains_;
    std::string routing_policy_;
    std::deque<Remembered> remembered_;                       // the newest last
    std::map<std::uint64_t, control::StaticUpdate> updates_;  // to the newest, by base, without secrets
};

}  // namespace izar
