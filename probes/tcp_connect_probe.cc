#include "probes/tcp_connect_probe.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace izar {
namespace {

int connect_to(int socket, const IpAddress& address, std::uint16_t port) {
    if (address.family() == Family::ipv4) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        std::memcpy(&to.sin_addr, address.bytes().data(), sizeof to.sin_addr);
        return connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    }
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(port);
    std::memcpy(&to.sin6_addr, address.bytes().data(), sizeof to.sin6_addr);
    return connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

// What the kernel measured between SYN and SYN-ACK.
std::optional<Nanos> kernel_rtt(int socket) noexcept {
    tcp_info info{};
    socklen_t length = sizeof info;
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 || info.tcpi_rtt == 0) {
        return std::nullopt;
    }
    return std::chrono::microseconds{info.tcpi_rtt};
}

}  // namespace

Result<TcpConnectProbe> TcpConnectProbe::start(const IpAddress& address, std::uint16_t port, Instant now) {
    const int family = address.family() == Family::ipv4 ? AF_INET : AF_INET6;
    TcpConnectProbe probe(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), now);
    const linger reset{1, 0};
    if (probe.socket_ < 0 || setsockopt(probe.socket_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) != 0) {
        return fail(fmt::format("no socket for a connect to {}: {}", address.text(), std::strerror(errno)));
    }
    // A refusal on this host is known at once; it is an answer like any other.
    if (connect_to(probe.socket_, address, port) != 0 && errno != EINPROGRESS && errno != ECONNREFUSED) {
        return fail(fmt::format("cannot connect to {} port {}: {}", address.text(), port, std::strerror(errno)));
    }
    return probe;
}

TcpConnectProbe::TcpConnectProbe(TcpConnectProbe&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), started_(other.started_) {}

TcpConnectProbe::~TcpConnectProbe() {
    if (socket_ >= 0) {
        close(socket_);
    }
}

TcpConnectProbe::Answer TcpConnectProbe::finish(Instant now) const noexcept {
    pollfd state{socket_, POLLOUT, 0};
    if (poll(&state, 1, 0) <= 0) {
        return {};
    }
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &length);
    const std::optional<Nanos> seen = now - started_;
    if (error == ECONNREFUSED || (error == 0 && (state.revents & POLLHUP) != 0)) {
        return {Outcome::refused, seen};
    }
    if (error != 0) {
        return {Outcome::unreachable, std::nullopt};
    }
    const auto measured = kernel_rtt(socket_);
    return {Outcome::accepted, measured ? measured : seen};
}

}  // namespace izar
