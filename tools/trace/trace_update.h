// trace_update.h -- A FeedUpdate as JSON and back, for traces; services are left out. Private to this folder.
//
// Thread: pure functions. Reading throws std::exception with what is wrong; trace_format.cc makes a Result of it.
#pragma once

#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "sched/feed.h"

namespace izar {

nlohmann::json update_json(const FeedUpdate& update);
FeedUpdate update_of(const nlohmann::json& json);

// An integer that fits; the JSON library alone would cut it.
template <typename Integer>
Integer read_integer(const nlohmann::json& json) {
    const bool fits = json.is_number_unsigned()
                          ? std::in_range<Integer>(json.get<std::uint64_t>())
                          : json.is_number_integer() && std::in_range<Integer>(json.get<std::int64_t>());
    if (!fits) {
        throw std::runtime_error("has a number that is not whole or out of range: " + json.dump());
    }
    return json.get<Integer>();
}

}  // namespace izar
