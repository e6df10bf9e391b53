// lost_domains.h -- Domains that lead to no service, as an operator is told of them.
//
// Thread: pure function.
#pragma once

#include <string>
#include <vector>

namespace izar {

// Names some of them, and says what to do.
std::string lost_domains_text(const std::vector<std::string>& domains);

}  // namespace izar
