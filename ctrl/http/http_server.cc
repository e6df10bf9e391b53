#include "ctrl/http/http_server.h"

#include <algorithm>
#include <utility>

namespace izar {
namespace {
constexpr unsigned kUnavailable = 503;
}

struct HttpServer::Client : StreamEvents {
    Client(HttpServer& owner, StreamId opened)
        : server(owner),
          stream(opened),
          tls(owner.tls_, owner.wall_clock_()),
          timer(owner.loop_),
          used_at(owner.loop_.now()) {}
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
    Instant used_at;  // when it was answered last; before that, when it came or finished its handshake
    std::size_t answers = 0;
    bool inside_request = false;  // the timer is that of a request which is not whole
    bool authorised = false;
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
        Client* const stranger = most_idle_stranger();
        if (stranger == nullptr) {
            return nullptr;
        }
        end(*stranger);
    }
    clients_.push_back(std::make_unique<Client>(*this, stream));
    Client& client = *clients_.back();
    client.timer.start(kHandshakeTime, [this, &client] { end(client); });
    return &client;
}

HttpServer::Client* HttpServer::most_idle_stranger() const {
    Client* out = nullptr;
    for (const auto& client : clients_) {
        if (!client->authorised && (out == nullptr || client->used_at < out->used_at)) {
            out = client.get();
        }
    }
    return out;
}

void HttpServer::receive(Client& client, std::span<const std::uint8_t> bytes) {
    if (client.last_answer_given) {
        return;
    }
    const bool was_established = client.tls.established();
    std::vector<std::uint8_t> plaintext;
    const auto received = client.tls.receive(bytes, plaintext);
    client.reader.add(plaintext);
    if (!received || client.reader.waiting() > kMostPipelined) {
        flush(client);
        end(client);
        return;
    }
    if (client.tls.established() && !was_established) {
        client.used_at = loop_.now();
        client.timer.start(kMostSilence, [this, &client] { end(client); });
    }
    carry_on(client);
}

void HttpServer::carry_on(Client& client) {
    const std::size_t answers_before = client.answers;
    client.last_answer_given = client.tls.established() && !answer_some(client);  // on_sent ends it
    limit_time(client, client.answers != answers_before);
    flush(client);
    if (loop_.unsent(client.stream) > kMostUnsent) {
        end(client);
    }
}

// Only answers give a client more time, whatever else it sends.
void HttpServer::limit_time(Client& client, bool answered) {
    if (client.reader.inside_request()) {
        if (!std::exchange(client.inside_request, true)) {
            client.timer.start(kRequestTime, [this, &client] { end(client); });
        }
    } else if (answered) {
        client.timer.start(kMostSilence, [this, &client] { end(client); });
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
        client.used_at = loop_.now();
        ++client.answers;
        client.inside_request = false;
        client.authorised = client.authorised || answer.authorised;
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
