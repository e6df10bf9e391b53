// fleet_identity.h -- Which fleet a store is of: a number of its own, and what the controllers' keys hash to.
//
// The first controller that leads with a store writes it down as a document; every later one compares. So nobody leads
// with another authority's key, whose certificates no agent takes, or with another master secret, which would cut every
// link. The number tells agents that a store was made anew: its versions are not those of the former one.
//
// Thread: functions of their arguments.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ctrl/controller/desired_state.h"
#include "ctrl/store/store.h"
#include "ctrl/tls/certificates.h"

namespace izar {

inline constexpr std::string_view kFleetIdentityDocument = "fleet-identity";

struct FleetIdentity {
    std::uint64_t store = 0;  // random
    Fingerprint authority{};  // of its certificate
    Fingerprint master{};     // SHA-256 of the link master's secret
};

// Claims the store for a fleet, or finds it claimed for the same. The error says which files are another fleet's.
Result<void> claim_fleet(Store& store, const FleetIdentity& ours, WallTime now);

Fingerprint master_fingerprint(const MasterSecret& master);
// The number in a document's body; 0 if there is none.
std::uint64_t store_number(std::string_view body);

}  // namespace izar
