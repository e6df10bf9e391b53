// policy_file.h -- routing-policy.yaml as RoutingPolicies. docs/routing-policy.md lists every key.
//
// Thread: pure functions but for load_routing_policy(), which reads a file.
// Errors: one text with every problem, a line each: "file:line:column: what is wrong, and the likely key meant".
#pragma once

#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "sched/policy.h"

namespace izar {

inline constexpr std::size_t kMaxPolicyBytes = 65'536;  // of a file that a controller hands out

// What the names in the file may refer to. A name outside its list is a problem, because a slip in a forbidden
// region would permit it; an empty list means that the names are not known here, and any passes.
struct KnownNames {
    std::vector<std::string> nodes;
    std::vector<std::string> regions;
    std::vector<std::string> services;
};

struct PolicyFileContext {
    KnownNames known;
    SwitchMargins margins;  // of policies that set none
};

Result<RoutingPolicies> parse_routing_policy(const std::string& text, const std::string& file_name,
                                             const PolicyFileContext& context = {});
Result<RoutingPolicies> load_routing_policy(const std::string& path, const PolicyFileContext& context = {});

}  // namespace izar
