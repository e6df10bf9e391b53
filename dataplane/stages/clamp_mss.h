// clamp_mss.h -- Lowers the MSS option of a SYN so that full segments fit the path.
//
// Thread: pure function over the packet's bytes.
#pragma once

#include <cstdint>

namespace izar {

// `ip` starts a whole TCP packet of `length` bytes with the SYN flag, `l4` its TCP header. An MSS above
// inner_mtu less the IP and TCP headers (RFC 9293 section 3.7.1) is replaced and the checksum mended;
// a SYN without the option means 536 or 1220 bytes and is left alone. Options that do not parse end the search.
void clamp_mss(std::uint8_t* ip, std::uint8_t* l4, std::uint16_t length, std::uint16_t inner_mtu) noexcept;

}  // namespace izar
