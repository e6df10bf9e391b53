// translate.h -- NAT: rewrites one packet of a session, and mends its checksums by two additions.
//
// Thread: one lcore. Checksums: RFC 1624; the deltas lie in the flow. RFC 768: a UDP checksum of 0 stays 0.
#pragma once

#include <cstdint>

#include "dataplane/flow/flow.h"

namespace izar {

// `ip` starts a packet of `flow`'s client-direction key (forward) or reply-direction key (reply); `l4` is its
// transport header. Afterwards a forward packet goes from the NAT address to the origin, a reply from the VIP
// to the client. TTL is not touched.
template <typename Address>
void translate(const Flow<Address>& flow, Direction direction, std::uint8_t* ip, std::uint8_t* l4) noexcept;

}  // namespace izar
