#include "tools/izar/control_client.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <vector>

namespace izar {
namespace {

// A connected socket that is closed at the end.
class Connection {
  public:
    explicit Connection(int fd) : fd_(fd) {}
    ~Connection() {
        if (fd_ >= 0) {
            close(fd_);
        }
    }
    Connection(const Connection&) = delete;
    int fd() const noexcept { return fd_; }

  private:
    int fd_;
};

std::string connect_advice(int code) {
    switch (code) {
        case ENOENT:
            return "nobody is there; start the program, or name another with --node or --socket";
        case ECONNREFUSED:
            return "the program that made it is gone; start it again";
        case EACCES:
        case EPERM:
            return "only its owner may connect; run with sudo";
        default:
            return std::strerror(code);
    }
}

Result<void> send_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (count < 0 && errno != EINTR) {
            return fail(fmt::format("the node does not take the command: {}", std::strerror(errno)));
        }
        text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    }
    return {};
}

// "0 123": status and length of the body.
Result<std::pair<bool, std::size_t>> parse_status_line(std::string_view line) {
    std::size_t length = 0;
    const bool has_status = line.size() > 2 && (line[0] == '0' || line[0] == '1') && line[1] == ' ';
    const char* last = line.data() + line.size();
    const auto [end, code] = std::from_chars(line.data() + std::min<std::size_t>(2, line.size()), last, length);
    if (!has_status || code != std::errc{} || end != last || length > kLongestReply) {
        return fail("what answers at the socket is no program of izar: its answer has no status line");
    }
    return std::pair{line[0] == '0', length};
}

Result<std::string> receive_answer(int fd, bool& ok) {
    std::string text;
    std::size_t body = std::string::npos;  // where it begins
    std::size_t length = 0;
    while (body == std::string::npos || text.size() < body + length) {
        char bytes[16384];
        const ssize_t count = recv(fd, bytes, sizeof bytes, 0);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return fail(count == 0 ? "the node closed the connection before its answer was complete"
                                   : "the node did not answer in time; is its process stopped?");
        }
        text.append(bytes, static_cast<std::size_t>(count));
        const std::size_t newline = text.find('\n');
        if (body == std::string::npos && (newline != std::string::npos || text.size() > 32)) {
            const auto status = parse_status_line(std::string_view(text).substr(0, newline));
            if (!status) {
                return tl::unexpected(status.error());
            }
            ok = status->first;
            length = status->second;
            body = newline + 1;
        }
    }
    return text.substr(body, length);
}

struct Answerer {
    std::string_view program;
    std::string_view socket;  // in its node's folder
};

Result<std::string> find_socket(const Answerer& who, const std::string& node, const std::string& run_directory) {
    namespace fs = std::filesystem;
    if (!node.empty()) {
        if (node.find('/') != std::string::npos) {
            return fail(fmt::format("'{}' is not a node's name; give a path with --socket", node));
        }
        return fmt::format("{}/{}/{}", run_directory, node, who.socket);
    }
    std::vector<std::string> names;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(run_directory, ignored)) {
        if (fs::is_socket(entry.path() / who.socket, ignored)) {
            names.push_back(entry.path().filename());
        }
    }
    std::sort(names.begin(), names.end());
    if (names.size() == 1) {
        return fmt::format("{}/{}/{}", run_directory, names[0], who.socket);
    }
    if (names.empty()) {
        return fail(
            fmt::format("no {} runs here (no socket under {}); name one with --socket", who.program, run_directory));
    }
    std::string list;
    for (const std::string& name : names) {
        list += (list.empty() ? "" : ", ") + name;
    }
    return fail(fmt::format("several nodes run here; choose one with --node: {}", list));
}

}  // namespace

Result<ControlReply> ask_node(const std::string& socket_path, const std::string& command, Nanos patience) {
    if (command.find('\n') != std::string::npos) {
        return fail("a command is one line");
    }
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_path.size() >= sizeof address.sun_path) {
        return fail(fmt::format("'{}' is too long for a socket's path", socket_path));
    }
    std::memcpy(address.sun_path, socket_path.c_str(), socket_path.size() + 1);
    const Connection connection(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    timeval limit{};
    limit.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(patience).count();
    limit.tv_usec = std::chrono::duration_cast<std::chrono::microseconds>(patience).count() % 1'000'000;
    setsockopt(connection.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(connection.fd(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(connection.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return fail(fmt::format("{}: {}", socket_path, connect_advice(errno)));
    }
    if (const auto sent = send_all(connection.fd(), command + "\n"); !sent) {
        return tl::unexpected(sent.error());
    }
    ControlReply reply;
    auto text = receive_answer(connection.fd(), reply.ok);
    if (!text) {
        return fail(fmt::format("{}: {}", socket_path, text.error().text));
    }
    reply.text = *std::move(text);
    return reply;
}

Result<std::string> find_control_socket(const std::string& node, const std::string& run_directory) {
    return find_socket({"izar-edge", "edge.sock"}, node, run_directory);
}

Result<std::string> find_agent_socket(const std::string& node, const std::string& run_directory) {
    return find_socket({"izar-agent", "agent.sock"}, node, run_directory);
}

}  // namespace izar
