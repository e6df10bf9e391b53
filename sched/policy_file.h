// policy_file.h -- routing-policy.yaml as RoutingPolicies. docs/routing-policy.md lists every key.
//
// Thread: pure functions but for load_routing_policy(), which reads a file.
// Errors: one text with every problem, a line each: "file:line:column: what is wrong, and the likely key meant", of
//         variables "environment: NAME: what is wrong".
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "sched/policy.h"

namespace izar {

inline constexpr std::string_view kPolicyPrefix = "IZAR_POLICY_";  // of the variables that stand in place of keys
inline constexpr std::size_t kMaxPolicyBytes = 65'536;             // of a file that a controller hands out

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

// `environment`: "NAME=value" each. It belongs to who reads a file of its own; of a text that a controller has handed
// out it overrides nothing, so whoever reads such a text has none to give.
Result<RoutingPolicies> parse_routing_policy(const std::string& text, const std::string& file_name,
                                             const PolicyFileContext& context = {},
                                             std::span<const std::string> environment = {});
Result<RoutingPolicies> load_routing_policy(const std::string& path, const PolicyFileContext& context = {},
                                            std::span<const std::string> environment = {});

// Name of the first variable with the prefix; empty: there is none.
std::string_view policy_variable(std::span<const std::string> environment);

// For who has no file: an error if there is a variable, as it would stand in place of nothing. `named_by`: where the
// user names a file ("--policy").
Result<void> refuse_policy_variables(std::span<const std::string> environment, std::string_view named_by);

// The policies as a file that reads back as the same, margins that came from the context included.
std::string routing_policy_text(RoutingPolicies policies);

}  // namespace izar
