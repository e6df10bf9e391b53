// crash_world.h -- What a store must hold after a run of operations, told by a model and by the store itself.
//
// The model knows nothing of SQL: sets and maps, and the rules of store.h. Both sides are written as the same lines of
// text, so that a difference reads as one.
//
// Thread: values only.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ctrl/store/store.h"
#include "dataplane/base/random.h"

namespace izar {

enum class CrashAction : std::uint8_t {
    create_token,
    join,
    withdraw_token,
    revoke_node,
    drain_node,
    mark_seen,
    set_service,
    remove_service,
    set_domain,
    remove_domain,
    set_document,
    remove_document,
    import_inventory,
    take_files,
    adopt_public_rows,
    claim,
    write_measurements,
    compact,
};

struct CrashOperation {
    CrashAction action = CrashAction::compact;
    std::uint32_t subject = 0;  // number of the token, node, service, ... it is about
    std::uint32_t detail = 0;   // what it sets
    std::uint32_t node = 0;     // where a service that it sets has a VIP; 0: nowhere
};

class CrashModel {
  public:
    // An operation that the store must grant in the model's state, by chance.
    CrashOperation choose(Random& random) const;
    void apply(const CrashOperation& operation);
    // One line a fact, sorted.
    std::set<std::string> facts() const;

  private:
    struct Node {
        std::string state;
        bool drained = false;
        bool seen = false;
        std::string address;
    };
    struct Token {
        bool used = false;
        bool withdrawn = false;
    };
    std::map<std::uint32_t, Node> nodes_;  // by id
    std::map<std::uint32_t, Token> tokens_;
    std::map<std::uint32_t, bool> living_nodes() const;  // by id; the values say nothing

    struct Service {
        std::uint32_t detail = 0;
        std::uint32_t node = 0;
    };
    std::map<std::uint32_t, Service> services_;  // by name's number
    std::map<std::uint32_t, std::uint32_t> domains_;
    std::map<std::uint32_t, std::uint32_t> documents_;
    std::uint32_t fence_ = 0;
};

// Carries the operation out; false if the store did not grant it.
bool carry_out(Store& store, const CrashOperation& operation);
// The same lines as CrashModel::facts, read from a store.
std::set<std::string> facts_of(Store& store);

}  // namespace izar
