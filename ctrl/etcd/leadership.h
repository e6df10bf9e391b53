// leadership.h -- Leadership: one of several controllers leads, by a lease in etcd, and knows when to stop.
//
// Keys: PREFIX/members/NAME of every controller, the value its API's address and that for agents with a space between,
// and PREFIX/leader of the one that leads, its name the value, all under the owner's lease. Who made PREFIX/leader
// leads; the revision of its making is the fence that the store compares in each transaction. A lease alone would not
// be safe: a controller that slept through its end believes in it. The fence makes its writes fail; `leads` only keeps
// an honest controller from trying.
//
// Thread: owned by one; steps wait for etcd, so it has a thread of its own beside the controller's loop.
// Time:   given. A lease counts from the moment before its request was sent, never from the answer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ctrl/etcd/etcd_client.h"
#include "ctrl/store/records.h"
#include "dataplane/base/types.h"

namespace izar {

// Where the others reach a controller.
struct MemberAddresses {
    std::string api;
    std::string agents;  // where it listens for agents
    friend bool operator==(const MemberAddresses&, const MemberAddresses&) = default;
};

struct Member {
    std::string name;
    MemberAddresses at;
    bool leads = false;
    friend bool operator==(const Member&, const Member&) = default;
};

class Leadership {
  public:
    // The client outlives it. `lease` is at least 2 s, the shortest that etcd grants. `at`: for the others.
    Leadership(EtcdClient& client, std::string prefix, std::string name, std::chrono::seconds lease,
               MemberAddresses at = {});

    // Renews the lease, or asks for one; tries to lead. To be called three times a lease. `now` is from just before.
    Result<void> step(Instant now);
    // The fence to write with, while this controller leads.
    std::optional<Fence> leads(Instant now) const;
    // When the lease ends unless it is renewed.
    Instant valid_until() const noexcept { return valid_until_; }
    // Waits until the leader's key is gone or changed, at most this long: then a step may win. Returns at once if
    // nobody leads.
    Result<void> wait_for_turn(Nanos most);
    // Gives the lease up, so that another leads without waiting for its end.
    Result<void> step_down();

    Result<std::vector<Member>> members();  // by name

  private:
    Result<void> begin_lease(Instant now);
    void forget_lease();
    std::string leader_key() const { return prefix_ + "/leader"; }
    std::string members_prefix() const { return prefix_ + "/members/"; }

    EtcdClient& client_;
    std::string prefix_;
    std::string name_;
    MemberAddresses at_;
    std::chrono::seconds ttl_;
    std::optional<LeaseId> lease_;
    Instant valid_until_{};
    std::optional<Fence> fence_;
};

}  // namespace izar
