#include "ctrl/config/place_keys.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "ctrl/loop/sockets.h"

namespace izar {
namespace {

constexpr std::size_t kLongestHost = 253;

bool is_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
    return problem == std::errc{} && end == text.data() + text.size() && port != 0;
}

bool is_host(std::string_view text) {
    if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
        const auto address = IpAddress::parse(text.substr(1, text.size() - 2));
        return address && address->family() == Family::ipv6;
    }
    return !text.empty() && text.size() <= kLongestHost && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    });
}

}  // namespace

ConfigKey place_key(std::string path, std::string_view kind, std::string_view meaning, std::string& field,
                    InPlace other) {
    const auto checked = [other](std::string_view text) -> Result<std::string> {
        const bool is_other = (other == InPlace::none && text == "none") || (other == InPlace::empty && text.empty());
        if (!is_other) {
            if (const auto place = SocketAddress::parse(text); !place) {
                return tl::unexpected(place.error());
            }
        }
        return std::string(text);
    };
    return checked_text_key(std::move(path), kind, meaning, field, checked);
}

Result<void> check_endpoint(std::string_view text) {
    const std::string_view scheme = text.starts_with("http://")    ? "http://"
                                    : text.starts_with("https://") ? "https://"
                                                                   : "";
    if (scheme.empty()) {
        return fail("an endpoint begins with http:// or https://");
    }
    const std::string_view place = text.substr(scheme.size());
    if (place.find('@') != std::string_view::npos) {
        return fail("an endpoint holds no user and password; give them as etcd.user and etcd.password");
    }
    const std::size_t colon = place.rfind(':');
    if (colon == std::string_view::npos || !is_host(place.substr(0, colon)) || !is_port(place.substr(colon + 1))) {
        return fail("is no http(s)://HOST:PORT; write it like http://192.0.2.1:2379");
    }
    return {};
}

}  // namespace izar
