#include "ctrl/etcd/testing/lossy_endpoint.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "dataplane/base/check.h"

namespace izar {
namespace {

constexpr std::string_view kEndOfHeader = "\r\n\r\n";

// False at the end of the connection.
bool read_more(int socket, std::string& text) {
    char bytes[4096];
    const ssize_t count = ::recv(socket, bytes, sizeof bytes, 0);
    text.append(bytes, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    return count > 0;
}

std::size_t body_length(const std::string& header) {
    constexpr std::string_view kName = "Content-Length: ";
    std::size_t length = 0;
    if (const std::size_t at = header.find(kName); at != std::string::npos) {
        std::from_chars(header.data() + at + kName.size(), header.data() + header.size(), length);
    }
    return length;
}

std::string read_request(int client) {
    std::string text;
    while (true) {
        const std::size_t header = text.find(kEndOfHeader);
        if (header != std::string::npos && text.size() >= header + kEndOfHeader.size() + body_length(text)) {
            return text;
        }
        if (!read_more(client, text)) {
            return "";
        }
    }
}

void write_all(int socket, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
        if (count <= 0) {
            return;
        }
        text.remove_prefix(static_cast<std::size_t>(count));
    }
}

// The whole answer; it ends with the connection, for the request is made to ask for that.
std::string ask(const SocketAddress& etcd, std::string request) {
    request.insert(request.find("\r\n") + 2, "Connection: close\r\n");
    const FileDescriptor server{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_storage place{};
    const socklen_t length = etcd.fill(place);
    std::string answer;
    if (::connect(server.get(), reinterpret_cast<sockaddr*>(&place), length) == 0) {
        write_all(server.get(), request);
        while (read_more(server.get(), answer)) {
        }
    }
    return answer;
}

}  // namespace

LossyEndpoint::LossyEndpoint(const std::string& etcd_endpoint, std::string lost_path)
    : lost_path_(std::move(lost_path)) {
    etcd_ = SocketAddress::parse(etcd_endpoint.substr(std::string_view("http://").size())).value();
    listener_ = listen_tcp({IpAddress::parse("127.0.0.1").value(), 0}).value();
    endpoint_ = "http://" + local_address(listener_.get()).text();
    thread_ = std::thread([this] { serve(); });
}

LossyEndpoint::~LossyEndpoint() {
    ::shutdown(listener_.get(), SHUT_RDWR);  // wakes the thread
    thread_.join();
}

void LossyEndpoint::serve() {
    while (true) {
        pollfd waiting{.fd = listener_.get(), .events = POLLIN, .revents = 0};
        CHECK(::poll(&waiting, 1, -1) == 1);
        const FileDescriptor client{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        if (!client) {
            return;
        }
        pass_on(client.get());
    }
}

void LossyEndpoint::pass_on(int client) {
    const std::string request = read_request(client);
    if (request.empty()) {
        return;
    }
    const std::string answer = ask(etcd_, request);
    if (request.starts_with("POST " + lost_path_ + " ")) {
        ++lost_;
    } else {
        write_all(client, answer);
    }
}

}  // namespace izar
