// parse.h -- Parse stage: received frames -> lists of lanes by kind.
//
// Thread:   one lcore.
// Requires: size is not 0; mbuf[0..size) start with an Ethernet header's place; note.port is set, the same for all.
// Ensures:  every lane has a verdict of its own or is on exactly one of overlay, neighbors, ipv4, ipv6,
//           odd, exception. Lanes on overlay start at the outer IP header, those on ipv4, ipv6 and odd at
//           the IP header, those on neighbors and exception at the Ethernet header.
#pragma once

#include "dataplane/io/interfaces.h"
#include "dataplane/stages/burst.h"

namespace izar {

void parse(Burst& burst, const Interfaces& interfaces) noexcept;

}  // namespace izar
