#include "tools/agent/host_lookup.h"

#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <charconv>
#include <memory>

namespace izar {
namespace {

struct FreeList {
    void operator()(addrinfo* list) const noexcept { freeaddrinfo(list); }
};

bool is_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
    return problem == std::errc{} && end == text.data() + text.size() && port != 0;
}

}  // namespace

bool names_a_host(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0 || !is_port(std::string_view(text).substr(colon + 1))) {
        return false;
    }
    const std::string_view host = std::string_view(text).substr(0, colon);
    const bool plain = std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    });
    return plain && !IpAddress::parse(host);
}

Result<std::vector<SocketAddress>> look_up(const std::string& text) {
    if (!names_a_host(text)) {
        const auto address = SocketAddress::parse(text);
        return address ? Result<std::vector<SocketAddress>>({*address}) : tl::unexpected(address.error());
    }
    const std::size_t colon = text.rfind(':');
    const std::string host = text.substr(0, colon);
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int problem = getaddrinfo(host.c_str(), text.c_str() + colon + 1, &wanted, &found);
    const std::unique_ptr<addrinfo, FreeList> list(found);
    if (problem != 0) {
        return fail(fmt::format("no address of '{}' is known: {}; write its address", host, gai_strerror(problem)));
    }
    std::vector<SocketAddress> out;
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        sockaddr_storage address{};
        std::copy_n(reinterpret_cast<const char*>(each->ai_addr),
                    std::min<std::size_t>(each->ai_addrlen, sizeof address), reinterpret_cast<char*>(&address));
        out.push_back(SocketAddress::of(address));
    }
    return out;
}

}  // namespace izar
