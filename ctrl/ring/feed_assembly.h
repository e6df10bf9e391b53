// feed_assembly.h -- FeedAssembly: messages from the agent's ring, checked, as updates for the scheduler.
//
// A static update counts as a whole: what came since its begin is thrown away if the agent dies before its commit, or
// if any of its parts is out of range. Nodes keep their slots while they stay, and a slot that was freed is given
// again only when no fresh one is left. A routing policy counts until another, or none, comes with later static data;
// with none the node's own do.
//
// Thread: the scheduler thread. Work is one step a message; only a commit builds tables.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ctrl/ring/layout.h"
#include "dataplane/base/result.h"
#include "sched/feed.h"

namespace izar {

class FeedAssembly {
  public:
    // What is in force: a fleet that has this node, as later ones must under the same id, and the node's own policies.
    FeedAssembly(std::shared_ptr<const Fleet> own, std::shared_ptr<const RoutingPolicies> policies);

    struct PeerSecret {
        NodeId peer = kNoNode;
        std::array<std::uint8_t, 32> secret{};
        std::optional<std::array<std::uint8_t, 32>> former{};  // what `secret` replaces, and the peer may still have
    };
    struct Output {
        std::shared_ptr<const FeedUpdate> update;  // null: nothing to push
        std::optional<std::uint64_t> version;      // of static data that this update brings
        std::optional<std::vector<PeerSecret>> secrets;
    };

    // This node's own. A service that has one of them as its VIP would take answers of origins for requests of clients:
    // it is left out, which counts as a refusal.
    void set_egress_addresses(std::vector<IpAddress> addresses) { egress_addresses_ = std::move(addresses); }

    // Takes one message. Most give nothing yet. Kinds not known are skipped and counted.
    Output take(const ring::Message& message);
    // Gives what is gathered of dynamic items, null if there are none: to be called when the ring is empty.
    std::shared_ptr<const FeedUpdate> take_gathered();
    // The agent's life is over: what it began is thrown away.
    void forget() noexcept;

    const std::shared_ptr<const Fleet>& fleet() const noexcept { return fleet_; }
    std::uint64_t skipped() const noexcept { return skipped_; }       // messages of unknown kinds
    std::uint64_t refused() const noexcept { return refused_; }       // values out of range
    const std::string& problem() const noexcept { return problem_; }  // the latest refusal

  private:
    static constexpr std::size_t kMostGathered = 512;  // items of one update

    struct Building {
        ring::StaticBegin begin{};
        std::vector<FleetNode> nodes;
        std::vector<Service> services;
        std::vector<PeerSecret> secrets;
        std::string policy;
        bool sound = true;
    };
    template <typename Body, typename Read>
    void build(const ring::Message& message, Read read);
    void refuse(std::string why);
    Output commit(std::uint64_t version);
    void leave_out_conflicts(std::vector<Service>& services);
    Result<std::shared_ptr<const RoutingPolicies>> next_policies(const std::string& text) const;
    std::shared_ptr<const Fleet> next_fleet(std::uint64_t version, const std::vector<FleetNode>& nodes) const;
    FeedUpdate& gathered();
    Output take_dynamic(const ring::Message& message);
    void take_link(const ring::Link& body);
    void take_load(const ring::Load& load);

    std::shared_ptr<const Fleet> fleet_;
    std::shared_ptr<const RoutingPolicies> own_policies_;
    std::vector<IpAddress> egress_addresses_;
    std::string policy_;  // text in force; empty: own_policies_ are
    std::optional<Building> building_;
    std::shared_ptr<FeedUpdate> gathered_;
    std::uint64_t skipped_ = 0;
    std::uint64_t refused_ = 0;
    std::string problem_;
};

}  // namespace izar
