// checks.h -- What the store takes as a name, a domain, a service: refused before anything is written.
//
// Thread: pure functions. Every error says what to give instead.
#pragma once

#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/tables/service_table.h"

namespace izar {

inline constexpr std::size_t kMaxDescription = 255;                // bytes
inline constexpr std::size_t kMaxDocumentName = 63;                // bytes
inline constexpr std::size_t kMaxDocument = std::size_t{1} << 20;  // bytes
inline constexpr std::size_t kMaxDomains = 65'536;

// The beginning of a stranger's text as an error may show it: at most 60 bytes, none of them a control character.
std::string shown(std::string_view text);

// Name of a node, a region or a service: 1 to kNameLength - 1 letters, digits, '.', '_', '-', a letter or digit first.
// `what` is what the error calls it.
Result<void> check_name(std::string_view what, std::string_view name);

// The domain in lower case without final dot. RFC 1035 section 2.3.4: labels of at most 63, 253 characters in all.
Result<std::string> checked_domain(std::string_view domain);

// UTF-8 without control characters, at most `longest` bytes.
Result<void> check_text(std::string_view what, std::string_view text, std::size_t longest);

// A name, and the rules of dataplane/tables/service_rules.h; without egresses every node is one.
Result<void> check_service(const Service& service);

}  // namespace izar
