#include "dataplane/shell/control_socket.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace izar {
namespace {

constexpr int kBacklog = 16;

Result<sockaddr_un> socket_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) {
        return fail(
            fmt::format("control socket '{}': a path must be 1 to {} bytes long", path, sizeof address.sun_path - 1));
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

int new_socket() {
    return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

tl::unexpected<Error> failed_call(const std::string& path, std::string_view call) {
    return fail(fmt::format("control socket {}: {} failed: {}", path, call, std::strerror(errno)));
}

// A process that died leaves its socket behind: remove it if nobody listens there.
Result<void> remove_stale(const std::string& path, const sockaddr_un& address) {
    struct stat info {};
    if (lstat(path.c_str(), &info) != 0) {
        return {};
    }
    if (!S_ISSOCK(info.st_mode)) {
        return fail(fmt::format("control socket {}: a file that is no socket is there; remove it", path));
    }
    const int probe = new_socket();
    const bool answered = connect(probe, generic(address), sizeof address) == 0 || errno == EAGAIN;
    close(probe);
    if (answered) {
        return fail(
            fmt::format("control socket {}: another process answers there; stop it, or give this node another "
                        "name or control_socket",
                        path));
    }
    if (unlink(path.c_str()) != 0) {
        return failed_call(path, "unlink");
    }
    return {};
}

}  // namespace

std::string control_answer(const Reply& reply) {
    return fmt::format("{} {}\n{}", reply.ok ? 0 : 1, reply.text.size(), reply.text);
}

Result<std::unique_ptr<ControlSocket>> ControlSocket::open(const std::string& path, Shell& shell) {
    const auto address = socket_address(path);
    if (!address) {
        return tl::unexpected(address.error());
    }
    std::error_code ignored;  // bind() says it better
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
    if (auto removed = remove_stale(path, *address); !removed) {
        return tl::unexpected(removed.error());
    }
    const int fd = new_socket();
    if (fd < 0) {
        return failed_call(path, "socket");
    }
    std::unique_ptr<ControlSocket> out(new ControlSocket(path, fd, shell));
    // Until listen() nobody can connect, so the mode is right before it matters.
    if (bind(fd, generic(*address), sizeof *address) != 0) {
        out->path_.clear();
        return failed_call(path, "bind");
    }
    if (chmod(path.c_str(), 0600) != 0 || listen(fd, kBacklog) != 0) {
        return failed_call(path, "listen");
    }
    return out;
}

ControlSocket::~ControlSocket() {
    for (Client& client : clients_) {
        write_to(client);
        close(client.fd);
    }
    close(fd_);
    if (!path_.empty()) {
        unlink(path_.c_str());
    }
}

void ControlSocket::add_to(std::vector<pollfd>& waiting) const {
    const bool full = clients_.size() >= kMaxControlClients;
    waiting.push_back({.fd = fd_, .events = static_cast<short>(full ? 0 : POLLIN), .revents = 0});
    for (const Client& client : clients_) {
        const short events = client.out.empty() ? POLLIN : POLLOUT;
        waiting.push_back({.fd = client.fd, .events = events, .revents = 0});
    }
}

void ControlSocket::serve(const std::vector<pollfd>& ready) {
    const auto revents = [&](int fd) -> int {
        const auto found = std::find_if(ready.begin(), ready.end(), [&](const pollfd& p) { return p.fd == fd; });
        return found == ready.end() ? 0 : found->revents;
    };
    const bool newcomers = (revents(fd_) & POLLIN) != 0;
    for (Client& client : clients_) {
        const int events = revents(client.fd);
        if ((events & POLLOUT) != 0) {
            write_to(client);
        } else if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) {
            read_from(client);
        }
        answer(client);
    }
    std::erase_if(clients_, [](const Client& client) {
        const bool done = client.ended && client.out.empty();
        if (done) {
            close(client.fd);
        }
        return done;
    });
    if (newcomers) {
        accept_clients();
    }
}

void ControlSocket::accept_clients() {
    while (clients_.size() < kMaxControlClients) {
        const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        clients_.push_back({.fd = fd, .in = {}, .out = {}, .ended = false});
    }
}

void ControlSocket::read_from(Client& client) {
    char bytes[1024];
    const ssize_t count = recv(client.fd, bytes, sizeof bytes, 0);
    if (count > 0) {
        client.in.append(bytes, static_cast<std::size_t>(count));
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        client.ended = true;
    }
}

// One request after another, each only when the answer before it is with the kernel.
void ControlSocket::answer(Client& client) {
    while (client.out.empty()) {
        const std::size_t end = client.in.find('\n');
        if (end == std::string::npos) {
            if (client.in.size() > kLongestLine) {
                client.out = control_answer(shell_.execute(client.in));  // which refuses it for its length
                client.in.clear();
                client.ended = true;
                write_to(client);
            }
            return;
        }
        std::string line = client.in.substr(0, end);
        client.in.erase(0, end + 1);
        if (line.ends_with('\r')) {
            line.pop_back();
        }
        client.out = control_answer(shell_.execute(line));
        write_to(client);
    }
}

void ControlSocket::write_to(Client& client) {
    while (!client.out.empty()) {
        const ssize_t count = send(client.fd, client.out.data(), client.out.size(), MSG_NOSIGNAL);
        if (count > 0) {
            client.out.erase(0, static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR) {
            client.ended = true;  // gone: nobody to answer
            client.out.clear();
            client.in.clear();
        }
    }
}

void serve_consoles(std::unique_ptr<Prompt>& prompt, ControlSocket* socket, Nanos timeout) {
    std::vector<pollfd> waiting;
    if (prompt) {
        waiting.push_back({.fd = prompt->in(), .events = POLLIN, .revents = 0});
    }
    if (socket != nullptr) {
        socket->add_to(waiting);
    }
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(timeout);
    if (poll(waiting.data(), waiting.size(), static_cast<int>(milliseconds.count())) <= 0) {
        return;
    }
    if (prompt && waiting[0].revents != 0 && !prompt->on_readable()) {
        prompt.reset();
        waiting.erase(waiting.begin());
    }
    if (socket != nullptr) {
        socket->serve(waiting);
    }
}

}  // namespace izar
