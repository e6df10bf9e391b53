#include "ctrl/controller/operator_request.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace izar {

const nlohmann::json* OperatorRequest::find(const char* key) {
    known_.insert(key);
    const auto found = json_.is_object() ? json_.find(key) : json_.end();
    return found == json_.end() ? nullptr : &*found;
}

bool OperatorRequest::has(const char* key) {
    return find(key) != nullptr;
}

std::string OperatorRequest::text(const char* key, const std::string& otherwise) {
    const auto* const found = find(key);
    if (found == nullptr) {
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
    const auto* const found = find(key);
    if (found == nullptr) {
        return otherwise;
    }
    if (!found->is_number_unsigned() || found->get<std::uint64_t>() > most) {
        refuse(fmt::format("'{}' must be a number up to {}", key, most));
        return otherwise;
    }
    return *found;
}

bool OperatorRequest::flag(const char* key, bool otherwise) {
    const auto* const found = find(key);
    if (found == nullptr) {
        return otherwise;
    }
    if (!found->is_boolean()) {
        refuse(fmt::format("'{}' must be true or false", key));
        return otherwise;
    }
    return *found;
}

std::vector<nlohmann::json> OperatorRequest::list(const char* key) {
    const auto* const found = find(key);
    if (found == nullptr) {
        return {};
    }
    if (!found->is_array()) {
        refuse(fmt::format("'{}' must be a list", key));
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

std::string OperatorRequest::node(const char* key) {
    const auto* const found = find(key);
    return found != nullptr && found->is_number_unsigned() ? std::to_string(found->get<std::uint64_t>()) : needed(key);
}

void OperatorRequest::refuse(std::string why, OperatorFault fault) {
    if (!problem_) {
        problem_ = OperatorError{Error{std::move(why)}, fault};
    }
}

const std::optional<OperatorError>& OperatorRequest::problem() {
    if (!json_.is_object()) {
        refuse("must be an object");
        return problem_;
    }
    for (const auto& [key, value] : json_.items()) {
        if (!known_.contains(key)) {
            std::string known;
            for (const std::string& each : known_) {
                known += (known.empty() ? "" : ", ") + each;
            }
            refuse(fmt::format("unknown key '{}'; known are {}", key.substr(0, 40), known));
        }
    }
    return problem_;
}

}  // namespace izar
