// operator_request.h -- OperatorRequest: the keys of a request with their checks.
//
// A key that is missing or wrong gives the value otherwise meant, and the first such problem is remembered: read all
// keys, then look at problem() once.
//
// Thread: any, one at a time. The JSON outlives it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/ip_address.h"
#include "dataplane/base/result.h"

namespace izar {

class OperatorRequest {
  public:
    explicit OperatorRequest(const nlohmann::json& json) : json_(json) {}

    std::string text(const char* key, const std::string& otherwise = "");
    std::string needed(const char* key);
    std::uint64_t number(const char* key, std::uint64_t otherwise, std::uint64_t most);
    bool flag(const char* key, bool otherwise) const;
    std::vector<nlohmann::json> list(const char* key) const;
    IpAddress address(const char* key);

    void refuse(std::string why);
    const std::optional<Error>& problem() const { return problem_; }

  private:
    const nlohmann::json& json_;
    std::optional<Error> problem_;
};

}  // namespace izar
