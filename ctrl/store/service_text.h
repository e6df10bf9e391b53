// service_text.h -- A service's definition as one line of JSON, the form in which the store keeps it.
//
// Id and name stand in columns of their own and are not part of it. Durations are whole milliseconds.
//
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/tables/service_table.h"

namespace izar {

std::string service_text(const Service& service);

// The error says what is wrong with the stored text: the store was written by something else.
Result<Service> parse_service_text(std::string_view text);

}  // namespace izar
