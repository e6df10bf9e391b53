#include "ctrl/loop/sockets.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace izar {
namespace {

constexpr int kBacklog = 4096;  // connections that came and were not yet accepted; the kernel may cut it

std::string reason() {
    return std::generic_category().message(errno);
}

Result<FileDescriptor> open_socket(int family) {
    FileDescriptor fd{socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!fd) {
        return fail(fmt::format("no socket: {}", reason()));
    }
    return fd;
}

Result<sockaddr_un> unix_address(const std::string& path) {
    sockaddr_un out{};
    out.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof out.sun_path) {
        return fail(fmt::format("'{}' is no path for a socket; use 1 to {} bytes", path, sizeof out.sun_path - 1));
    }
    std::memcpy(out.sun_path, path.c_str(), path.size() + 1);
    return out;
}

}  // namespace

Result<SocketAddress> SocketAddress::parse(std::string_view text) {
    const auto wrong = [&] {
        return fail(fmt::format("'{}' is not ADDRESS:PORT; write 192.0.2.1:7443 or [2001:db8::1]:7443", text));
    };
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return wrong();
    }
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (brackets) {
        host = host.substr(1, host.size() - 2);
    }
    const auto ip = IpAddress::parse(host);
    SocketAddress out;
    const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (!ip || problem != std::errc{} || end != port.data() + port.size() ||
        (ip->family() == Family::ipv6) != brackets) {
        return wrong();
    }
    out.ip = *ip;
    return out;
}

SocketAddress SocketAddress::of(const sockaddr_storage& from) noexcept {
    SocketAddress out;
    if (from.ss_family == AF_INET) {
        sockaddr_in in{};
        std::memcpy(&in, &from, sizeof in);
        Ipv4Address ip{};
        std::memcpy(&ip, &in.sin_addr, sizeof ip);
        out = {ip, ntohs(in.sin_port)};
    } else if (from.ss_family == AF_INET6) {
        sockaddr_in6 in{};
        std::memcpy(&in, &from, sizeof in);
        Ipv6Address ip{};
        std::memcpy(&ip, &in.sin6_addr, sizeof ip);
        out = {ip, ntohs(in.sin6_port)};
    }
    return out;
}

socklen_t SocketAddress::fill(sockaddr_storage& out) const noexcept {
    out = {};
    if (ip.family() == Family::ipv4) {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_port = htons(port);
        std::memcpy(&in.sin_addr, ip.bytes().data(), sizeof in.sin_addr);
        std::memcpy(&out, &in, sizeof in);
        return sizeof in;
    }
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    std::memcpy(&in.sin6_addr, ip.bytes().data(), sizeof in.sin6_addr);
    std::memcpy(&out, &in, sizeof in);
    return sizeof in;
}

std::string SocketAddress::text() const {
    return ip.family() == Family::ipv4 ? fmt::format("{}:{}", ip.text(), port)
                                       : fmt::format("[{}]:{}", ip.text(), port);
}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
        reset();
        fd_ = other.release();
    }
    return *this;
}

int FileDescriptor::release() noexcept {
    return std::exchange(fd_, -1);
}

void FileDescriptor::reset() noexcept {
    if (fd_ >= 0) {
        close(release());
    }
}

Result<FileDescriptor> open_tcp(Family family) {
    auto fd = open_socket(family == Family::ipv4 ? AF_INET : AF_INET6);
    if (fd) {
        const int on = 1;  // frames are written whole; waiting for more to fill a segment only delays events
        setsockopt(fd->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return fd;
}

Result<FileDescriptor> listen_tcp(const SocketAddress& at) {
    auto fd = open_tcp(at.ip.family());
    if (!fd) {
        return fd;
    }
    const int on = 1;
    setsockopt(fd->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at.ip.family() == Family::ipv6) {
        setsockopt(fd->get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    sockaddr_storage address{};
    const socklen_t length = at.fill(address);
    if (bind(fd->get(), reinterpret_cast<const sockaddr*>(&address), length) != 0 || listen(fd->get(), kBacklog) != 0) {
        return fail(fmt::format("cannot listen at {}: {}", at.text(), reason()));
    }
    return fd;
}

Result<FileDescriptor> listen_unix(const std::string& path) {
    const auto address = unix_address(path);
    if (!address) {
        return tl::unexpected(address.error());
    }
    std::error_code ignored;  // what is in the way, bind() says
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
    const auto* const where = reinterpret_cast<const sockaddr*>(&*address);
    if (auto probe = open_socket(AF_UNIX); probe && connect(probe->get(), where, sizeof *address) == 0) {
        return fail(fmt::format("somebody answers at {} already; end it, or use another path", path));
    }
    unlink(path.c_str());
    auto fd = open_socket(AF_UNIX);
    if (!fd) {
        return fd;
    }
    const mode_t before = umask(0177);
    const bool bound = bind(fd->get(), where, sizeof *address) == 0;
    umask(before);
    if (!bound || listen(fd->get(), kBacklog) != 0) {
        return fail(fmt::format("cannot listen at {}: {}", path, reason()));
    }
    return fd;
}

SocketAddress local_address(int fd) noexcept {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    return SocketAddress::of(address);
}

}  // namespace izar
