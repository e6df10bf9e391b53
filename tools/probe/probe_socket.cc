#include "tools/probe/probe_socket.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

namespace izar::probe {
namespace {

constexpr int kBufferBytes = 8 << 20;

}  // namespace

Endpoint endpoint_of(const IpAddress& address, std::uint16_t port) {
    Endpoint endpoint;
    if (address.family() == Family::ipv4) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&v4.sin_addr, address.bytes().data(), sizeof v4.sin_addr);
        std::memcpy(&endpoint.address, &v4, sizeof v4);
        endpoint.size = sizeof v4;
    } else {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        std::memcpy(&v6.sin6_addr, address.bytes().data(), sizeof v6.sin6_addr);
        std::memcpy(&endpoint.address, &v6, sizeof v6);
        endpoint.size = sizeof v6;
    }
    return endpoint;
}

Result<ProbeSocket> ProbeSocket::open(const IpAddress& address, std::uint16_t port) {
    const int family = address.family() == Family::ipv4 ? AF_INET : AF_INET6;
    ProbeSocket probe(socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    const Endpoint local = endpoint_of(address, port);
    if (probe.socket_ < 0 || setsockopt(probe.socket_, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0 ||
        bind(probe.socket_, reinterpret_cast<const sockaddr*>(&local.address), local.size) != 0) {
        return fail(fmt::format("cannot use {} port {}: {}", address.text(), port, std::strerror(errno)));
    }
    // Without privilege the kernel's default stays, which is enough for 1 kHz.
    setsockopt(probe.socket_, SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof kBufferBytes);
    return probe;
}

ProbeSocket::ProbeSocket(ProbeSocket&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}

ProbeSocket::~ProbeSocket() {
    if (socket_ >= 0) {
        close(socket_);
    }
}

bool ProbeSocket::receive(std::span<std::byte> room, Arrival& arrival) {
    iovec buffer{room.data(), room.size()};
    alignas(cmsghdr) char stamps[CMSG_SPACE(sizeof(timespec))];
    msghdr message{};
    message.msg_name = &arrival.from.address;
    message.msg_namelen = sizeof arrival.from.address;
    message.msg_iov = &buffer;
    message.msg_iovlen = 1;
    message.msg_control = stamps;
    message.msg_controllen = sizeof stamps;
    ssize_t got = 0;
    // A refused port (ICMP) is reported once by the next call; it says nothing about what waits in the queue.
    do {
        got = recvmsg(socket_, &message, 0);
    } while (got < 0 && (errno == ECONNREFUSED || errno == EINTR));
    if (got < 0) {
        return false;
    }
    arrival.bytes = static_cast<std::size_t>(got);
    arrival.from.size = message.msg_namelen;
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            timespec stamp{};
            std::memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
            arrival.wall_time = std::chrono::seconds{stamp.tv_sec} + Nanos{stamp.tv_nsec};
        }
    }
    return true;
}

void ProbeSocket::send(const Endpoint& to, std::span<const std::byte> datagram) {
    // A datagram that the kernel refuses is a lost probe, and the report says so.
    [[maybe_unused]] const ssize_t sent =
        sendto(socket_, datagram.data(), datagram.size(), 0, reinterpret_cast<const sockaddr*>(&to.address), to.size);
}

}  // namespace izar::probe
