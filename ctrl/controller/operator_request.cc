#include "ctrl/controller/operator_request.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace izar {

std::string OperatorRequest::text(const char* key, const std::string& otherwise) {
    const auto found = json_.find(key);
    if (found == json_.end()) {
        return otherwise;
    }
    if (!found->is_string()) {
        refuse(fmt::format("'{}' must be a text", key));
        return otherwise;
    }
    return *found;
}

std::string OperatorRequest::needed(const char* key) {
    std::string out = text(key);
    if (out.empty()) {
        refuse(fmt::format("'{}' is missing", key));
    }
    return out;
}

std::uint64_t OperatorRequest::number(const char* key, std::uint64_t otherwise, std::uint64_t most) {
    const auto found = json_.find(key);
    if (found == json_.end()) {
        return otherwise;
    }
    if (!found->is_number_unsigned() || found->get<std::uint64_t>() > most) {
        refuse(fmt::format("'{}' must be a number up to {}", key, most));
        return otherwise;
    }
    return *found;
}

bool OperatorRequest::flag(const char* key, bool otherwise) const {
    const auto found = json_.find(key);
    return found != json_.end() && found->is_boolean() ? found->get<bool>() : otherwise;
}

std::vector<nlohmann::json> OperatorRequest::list(const char* key) const {
    const auto found = json_.find(key);
    if (found == json_.end() || !found->is_array()) {
        return {};
    }
    return found->get<std::vector<nlohmann::json>>();
}

IpAddress OperatorRequest::address(const char* key) {
    const auto out = IpAddress::parse(needed(key));
    if (!out) {
        refuse(out.error().text);
        return {};
    }
    return *out;
}

void OperatorRequest::refuse(std::string why) {
    if (!problem_) {
        problem_ = Error{std::move(why)};
    }
}

}  // namespace izar
