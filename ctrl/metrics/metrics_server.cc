#include "ctrl/metrics/metrics_server.h"

#include <algorithm>
#include <utility>

#include "ctrl/http/http_message.h"

namespace izar {
namespace {

// https://prometheus.io/docs/instrumenting/exposition_formats
constexpr const char* kTextFormat = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace

struct MetricsServer::Client : StreamEvents {
    Client(MetricsServer& owner, StreamId opened) : server(owner), stream(opened), timer(owner.loop_) {}
    void on_received(std::span<const std::uint8_t> bytes) override { server.receive(*this, bytes); }
    void on_sent() override {
        if (answered) {
            server.end(*this);
        }
    }
    void on_closed(const std::string&) override { server.bury(*this); }

    MetricsServer& server;
    StreamId stream;
    HttpReader reader;
    Timer timer;
    bool answered = false;
};

MetricsServer::MetricsServer(EventLoop& loop, FileDescriptor listener, std::function<std::string()> text)
    : loop_(loop), text_(std::move(text)), bury_timer_(loop) {
    listener_ = loop_.accept(std::move(listener),
                             [this](StreamId stream, const SocketAddress&) -> StreamEvents* { return accept(stream); });
}

MetricsServer::~MetricsServer() {
    loop_.close(listener_);
    for (const auto& client : clients_) {
        loop_.close(client->stream);
    }
}

StreamEvents* MetricsServer::accept(StreamId stream) {
    if (clients_.size() >= kMostClients) {
        end(*clients_.front());
    }
    clients_.push_back(std::make_unique<Client>(*this, stream));
    Client& client = *clients_.back();
    client.timer.start(kTime, [this, &client] { end(client); });
    return &client;
}

void MetricsServer::receive(Client& client, std::span<const std::uint8_t> bytes) {
    if (client.answered) {
        return;
    }
    client.reader.add(bytes);
    const auto next = client.reader.next();
    if (next && !*next) {
        return;
    }
    HttpAnswer answer =
        next ? HttpAnswer{.status = 404, .body = R"({"error":"there is /metrics, and no more"})"} : next.error();
    if (next && (*next)->path == std::vector<std::string>{"metrics"}) {
        const bool is_get = (*next)->method == "GET";
        answer = is_get ? HttpAnswer{.body = text_(), .content_type = kTextFormat}
                        : HttpAnswer{.status = 405, .body = R"({"error":"only GET is known here"})"};
    }
    client.answered = true;
    const std::string text = http_text(answer, false);
    loop_.send(client.stream, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void MetricsServer::end(Client& client) {
    loop_.close(client.stream);
    bury(client);
}

// Its callback may still be on the stack.
void MetricsServer::bury(Client& client) {
    const auto at =
        std::find_if(clients_.begin(), clients_.end(), [&](const auto& each) { return each.get() == &client; });
    if (at != clients_.end()) {
        client.timer.cancel();
        buried_.push_back(std::move(*at));
        clients_.erase(at);
        bury_timer_.start(Nanos{0}, [this] { buried_.clear(); });
    }
}

std::unique_ptr<MetricsServer> serve_metrics(EventLoop& loop, const std::string& at, std::function<std::string()> text,
                                             const std::function<void(const std::string&)>& log) {
    if (at == "none") {
        return nullptr;
    }
    auto listener = SocketAddress::parse(at).and_then(listen_tcp);
    if (!listener) {
        log(listener.error().text + "; nobody can ask for /metrics: give the key `metrics` another place, or none");
        return nullptr;
    }
    return std::make_unique<MetricsServer>(loop, *std::move(listener), std::move(text));
}

}  // namespace izar
