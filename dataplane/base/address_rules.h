// address_rules.h -- Which addresses a host can have, and how a family is called.
//
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "dataplane/base/ip_address.h"

namespace izar {

// Whether an address can be the source or destination of a host's packets: not unspecified, loopback,
// multicast or broadcast.
bool is_host_address(const IpAddress& address);
// What is said of an address that is none.
std::string no_host_address(const IpAddress& address);

std::string_view family_name(Family family);

}  // namespace izar
