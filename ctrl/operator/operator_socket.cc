#include "ctrl/operator/operator_socket.h"

#include <fmt/format.h>

#include <algorithm>

namespace izar {

struct OperatorSocket::Client : StreamEvents {
    Client(OperatorSocket& owner, StreamId opened) : socket(owner), stream(opened) {}
    void on_received(std::span<const std::uint8_t> bytes) override { socket.receive(*this, bytes); }
    void on_sent() override { socket.work(*this); }
    void on_closed(const std::string&) override { socket.bury(*this); }

    OperatorSocket& socket;
    StreamId stream;
    std::string lines;     // not yet asked
    bool waits = false;    // for an answer
    bool working = false;  // work() is on the stack
};

OperatorSocket::OperatorSocket(EventLoop& loop, FileDescriptor listener, Answer answer)
    : loop_(loop), answer_(std::move(answer)), bury_timer_(loop) {
    listener_ = loop_.accept(std::move(listener), [this](StreamId stream, const SocketAddress&) -> StreamEvents* {
        if (clients_.size() >= kMostClients) {
            return nullptr;
        }
        clients_.push_back(std::make_unique<Client>(*this, stream));
        return clients_.back().get();
    });
}

OperatorSocket::~OperatorSocket() {
    loop_.close(listener_);
    for (const auto& client : clients_) {
        loop_.close(client->stream);
    }
}

void OperatorSocket::receive(Client& client, std::span<const std::uint8_t> bytes) {
    client.lines.append(bytes.begin(), bytes.end());
    work(client);
    if (client.lines.size() > kLongestLine) {
        loop_.close(client.stream);
        bury(client);
    }
}

void OperatorSocket::work(Client& client) {
    client.working = true;
    while (!client.waits && loop_.unsent(client.stream) <= kUnsentPause) {
        const auto end = client.lines.find('\n');
        if (end == std::string::npos) {
            break;
        }
        const std::string line = client.lines.substr(0, end);
        client.lines.erase(0, end + 1);
        client.waits = true;
        answer_(line, [this, to = client.stream](const Result<std::string>& result) { reply(to, result); });
    }
    client.working = false;
}

void OperatorSocket::reply(StreamId to, const Result<std::string>& result) {
    const auto at = std::ranges::find(clients_, to, [](const auto& client) { return client->stream; });
    if (at == clients_.end()) {
        return;
    }
    const std::string& body = result ? *result : result.error().text;
    const std::string text = fmt::format("{} {}\n{}", result ? 0 : 1, body.size(), body);
    loop_.send(to, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    Client& client = **at;
    client.waits = false;
    if (!client.working) {
        work(client);
    }
}

// Its callback may still be on the stack.
void OperatorSocket::bury(Client& client) {
    const auto at = std::ranges::find(clients_, &client, [](const auto& each) { return each.get(); });
    if (at != clients_.end()) {
        buried_.push_back(std::move(*at));
        clients_.erase(at);
        bury_timer_.start(Nanos{0}, [this] { buried_.clear(); });
    }
}

}  // namespace izar
