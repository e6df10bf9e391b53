#include "ctrl/tls/join_token.h"

#include <fmt/format.h>

#include <charconv>

namespace izar {

Result<JoinToken> JoinToken::parse(std::string_view text) {
    const auto dot = text.rfind('.');
    JoinToken out;
    const std::string_view digits = dot == std::string_view::npos ? std::string_view{} : text.substr(dot + 1);
    bool good = digits.size() == 2 * out.authority.size() && dot > 0;
    for (std::size_t i = 0; good && i < out.authority.size(); ++i) {
        const char* const at = digits.data() + 2 * i;
        const auto [end, problem] = std::from_chars(at, at + 2, out.authority[i], 16);
        good = problem == std::errc{} && end == at + 2;
    }
    if (!good) {
        return fail("this is no whole token; copy all of what `izar token create` printed");
    }
    out.token = text.substr(0, dot);
    return out;
}

std::string JoinToken::text() const {
    std::string out = token + ".";
    for (const std::uint8_t byte : authority) {
        out += fmt::format("{:02x}", byte);
    }
    return out;
}

}  // namespace izar
