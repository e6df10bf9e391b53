// operator_request.h -- OperatorRequest: the keys of a request with their checks.
//
// A key that is missing or wrong gives the value otherwise meant, and the first such problem is remembered: read all
// keys, then look at problem() once. Nothing is taken as something else: a value of another type is a problem, and so
// is a key that nobody read.
//
// Thread: any, one at a time. The JSON outlives it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ctrl/controller/operator_error.h"
#include "dataplane/base/ip_address.h"
#include "dataplane/base/result.h"

namespace izar {

class OperatorRequest {
  public:
    explicit OperatorRequest(const nlohmann::json& json) : json_(json) {}

    std::string text(const char* key, const std::string& otherwise = "");
    std::string needed(const char* key);
    std::uint64_t number(const char* key, std::uint64_t otherwise, std::uint64_t most);
    bool flag(const char* key, bool otherwise);
    std::vector<nlohmann::json> list(const char* key);  // empty if it is missing
    IpAddress address(const char* key);                 // needed
    std::string node(const char* key);                  // needed; a name or an id, which may be a number

    bool has(const char* key);
    void refuse(std::string why, OperatorFault fault = OperatorFault::wrong);
    // To be asked when all keys were read.
    const std::optional<OperatorError>& problem();

  private:
    const nlohmann::json* find(const char* key);

    const nlohmann::json& json_;
    std::set<std::string> known_;
    std::optional<OperatorError> problem_;
};

}  // namespace izar
