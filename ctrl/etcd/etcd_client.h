// etcd_client.h -- The few calls that leadership needs of etcd 3.4, over its JSON gateway.
//
// Thread:  owned by one. Every call waits, at most for the timeout at each endpoint.
// Errors:  an error means that nothing is known: the call may have been carried out.
// Source:  etcd 3.4, api/v3 (rpc.proto) as its gateway maps it: keys and values in base64, 64-bit numbers as strings.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctrl/store/records.h"
#include "dataplane/base/result.h"
#include "dataplane/base/types.h"

namespace izar {

enum class LeaseId : std::int64_t {};

struct EtcdEntry {
    std::string key;
    std::string value;
    std::uint64_t created = 0;  // revision at which the key came to be
};

struct EtcdListing {
    std::uint64_t revision = 0;  // of the whole database, at the time of the answer
    std::vector<EtcdEntry> entries;
};

// How a client shows who it is, and whom it talks to; what is empty is not used.
struct EtcdAccess {
    std::string user;  // with its password
    std::string password;
    std::string ca_file;           // that signed etcd's certificate; empty: those of the system
    std::string certificate_file;  // of this client, with its key
    std::string key_file;
};

class EtcdClient {
  public:
    EtcdClient(std::vector<std::string> endpoints, Nanos timeout, EtcdAccess access = {});
    ~EtcdClient();
    EtcdClient(const EtcdClient&) = delete;
    EtcdClient& operator=(const EtcdClient&) = delete;

    Result<LeaseId> grant(std::chrono::seconds ttl);
    // What is left of the lease; nothing if it is over.
    Result<std::optional<std::chrono::seconds>> keep_alive(LeaseId lease);
    Result<void> revoke(LeaseId lease);

    Result<void> put(std::string_view key, std::string_view value, LeaseId lease);
    // Makes the key unless it is there. Gives the revision of its making, greater than that of every former one; or
    // nothing: somebody has it. A key that is there under `lease` was made by us: so a lost answer may be asked for
    // again, at another endpoint too.
    Result<std::optional<Fence>> create(std::string_view key, std::string_view value, LeaseId lease);
    // All keys that begin with `prefix`.
    Result<EtcdListing> list(std::string_view prefix);
    // Waits until the key is changed or removed after `revision`. False: the time ran out first.
    Result<bool> wait_for_change(std::string_view key, std::uint64_t revision, Nanos most);

  private:
    struct Connection;
    std::unique_ptr<Connection> connection_;
};

}  // namespace izar
