#include "tools/wan_emulator/control_socket.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace izar::wan {

Result<ControlSocket> ControlSocket::open(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return fail(
            fmt::format("socket path '{}' is too long; use at most {} characters", path, sizeof address.sun_path - 1));
    }
    std::memcpy(address.sun_path, path.c_str(), path.size());
    unlink(path.c_str());
    const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ControlSocket control(listener, path);
    if (listener < 0 || bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener, static_cast<int>(kMaxClients)) != 0) {
        return fail(fmt::format("cannot listen on '{}': {}. Does its directory exist?", path, std::strerror(errno)));
    }
    return control;
}

ControlSocket::ControlSocket(ControlSocket&& other) noexcept
    : listener_(std::exchange(other.listener_, -1)),
      path_(std::move(other.path_)),
      clients_(std::move(other.clients_)) {}

ControlSocket::~ControlSocket() {
    if (listener_ < 0) {
        return;
    }
    for (const Client& client : clients_) {
        close(client.socket);
    }
    close(listener_);
    unlink(path_.c_str());
}

void ControlSocket::append_descriptors(std::vector<pollfd>& descriptors) const {
    descriptors.push_back({listener_, POLLIN, 0});
    for (const Client& client : clients_) {
        descriptors.push_back({client.socket, POLLIN, 0});
    }
}

void ControlSocket::serve(const std::function<std::string(std::string_view)>& answer) {
    for (;;) {
        const int accepted = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted < 0) {
            break;
        }
        if (clients_.size() == kMaxClients) {
            close(accepted);
        } else {
            clients_.push_back({accepted, {}});
        }
    }
    std::erase_if(clients_, [&](Client& client) {
        const bool alive = serve_client(client, answer);
        if (!alive) {
            close(client.socket);
        }
        return !alive;
    });
}

bool ControlSocket::serve_client(Client& client, const std::function<std::string(std::string_view)>& answer) {
    std::array<char, kMaxRequestBytes> bytes{};
    const ssize_t got = recv(client.socket, bytes.data(), bytes.size(), 0);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    if (got == 0) {
        return false;
    }
    client.input.append(bytes.data(), static_cast<std::size_t>(got));
    for (auto end = client.input.find('\n'); end != std::string::npos; end = client.input.find('\n')) {
        const std::string reply = answer(std::string_view(client.input).substr(0, end)) + '\n';
        client.input.erase(0, end + 1);
        const ssize_t sent = send(client.socket, reply.data(), reply.size(), MSG_NOSIGNAL);
        if (sent != static_cast<ssize_t>(reply.size())) {
            return false;
        }
    }
    return client.input.size() < kMaxRequestBytes;
}

}  // namespace izar::wan
