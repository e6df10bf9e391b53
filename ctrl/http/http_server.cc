#include "ctrl/http/http_server.h"

#include <algorithm>

namespace izar {
namespace {
constexpr unsigned kUnavailable = 503;
}

struct HttpServer::Client : StreamEvents {
    Client(HttpServer& owner, StreamId opened)
        : server(owner), stream(opened), tls(owner.tls_, owner.wall_clock_()), timer(owner.loop_) {}
    void on_received(std::span<const std::uint8_t> bytes) override { server.receive(*this, bytes); }
    void on_sent() override {
        if (last_answer_given) {
            server.end(*this);
        } else {
            server.carry_on(*this);
        }
    }
    void on_closed(const std::string&) override { server.bury(*this); }

    HttpServer& server;
    StreamId stream;
    TlsSession tls;
    HttpReader reader;
    Timer timer;
    bool last_answer_given = false;
};

HttpServer::HttpServer(EventLoop& loop, const TlsContext& tls, std::function<WallSeconds()> wall_clock,
                       FileDescriptor listener, Handler handler, Divert divert)
    : loop_(loop),
      tls_(tls),
      wall_clock_(std::move(wall_clock)),
      handler_(std::move(handler)),
      divert_(std::move(divert)),
      bury_timer_(loop) {
    listener_ = loop_.accept(std::move(listener),
                             [this](StreamId stream, const SocketAddress&) -> StreamEvents* { return accept(stream); });
}

HttpServer::~HttpServer() {
    loop_.close(listener_);
    for (const auto& client : clients_) {
        loop_.close(client->stream);
    }
}

StreamEvents* HttpServer::accept(StreamId stream) {
    if (StreamEvents* const diverted = divert_ ? divert_(stream) : nullptr; diverted != nullptr) {
        return diverted;
    }
    if (clients_.size() >= kMostClients) {
        const auto oldest =
            std::ranges::find_if(clients_, [](const auto& client) { return !client->tls.established(); });
        if (oldest == clients_.end()) {
            return nullptr;
        }
        end(**oldest);
    }
    clients_.push_back(std::make_unique<Client>(*this, stream));
    Client& client = *clients_.back();
    client.timer.start(kHandshakeTime, [this, &client] { end(client); });
    return &client;
}

void HttpServer::receive(Client& client, std::span<const std::uint8_t> bytes) {
    if (client.last_answer_given) {
        return;
    }
    std::vector<std::uint8_t> plaintext;
    const auto received = client.tls.receive(bytes, plaintext);
    client.reader.add(plaintext);
    if (!received || client.reader.waiting() > kMostPipelined) {
        flush(client);
        end(client);
        return;
    }
    if (client.tls.established()) {
        client.timer.start(kMostSilence, [this, &client] { end(client); });
    }
    carry_on(client);
}

void HttpServer::carry_on(Client& client) {
    client.last_answer_given = client.tls.established() && !answer_some(client);  // on_sent ends it
    flush(client);
    if (loop_.unsent(client.stream) > kMostUnsent) {
        end(client);
    }
}

// False: the last answer was given. Requests that are left are answered when these answers were sent.
bool HttpServer::answer_some(Client& client) {
    for (std::size_t i = 0; i < kAnswersATurn && loop_.unsent(client.stream) <= kUnsentPause; ++i) {
        const auto next = client.reader.next();
        if (next && !*next) {
            return true;
        }
        const HttpAnswer answer = next ? handler_(**next) : next.error();
        const bool keep = next && (**next).keep_alive && answer.status != kUnavailable;
        const std::string text = http_text(answer, keep);
        const auto sent = client.tls.send({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
        if (!keep || !sent) {
            return false;
        }
        flush(client);
    }
    return true;
}

void HttpServer::flush(Client& client) {
    if (const auto bytes = client.tls.take_output(); !bytes.empty()) {
        loop_.send(client.stream, bytes);
    }
}

void HttpServer::end(Client& client) {
    loop_.close(client.stream);
    bury(client);
}

// Its callback may still be on the stack.
void HttpServer::bury(Client& client) {
    const auto at = std::ranges::find(clients_, &client, [](const auto& each) { return each.get(); });
    if (at != clients_.end()) {
        client.timer.cancel();
        buried_.push_back(std::move(*at));
        clients_.erase(at);
        bury_timer_.start(Nanos{0}, [this] { buried_.clear(); });
    }
}

}  // namespace izar
