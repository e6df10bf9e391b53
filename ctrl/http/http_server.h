// http_server.h -- HttpServer: HTTP/1.1 over TLS 1.3 on the event loop.
//
// Thread: the event loop's. A handler answers at once, to a client that sent many requests a few a turn.
// Bounds: a client that does not read its answers is cut, as is one that does not finish its handshake, is silent, or
//         takes longer than kRequestTime from a request's first byte to its last. When all places are taken, the
//         stranger that was answered, or came, the longest ago makes room: strangers keep nobody out. A client is one
//         until an answer to it is `authorised`.
//
// A connection ends with an answer of 503, so that its client asks elsewhere, or is diverted the next time.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "ctrl/http/http_message.h"
#include "ctrl/loop/event_loop.h"
#include "ctrl/tls/tls_session.h"

namespace izar {

class HttpServer {
  public:
    static constexpr std::size_t kMostClients = 256;
    static constexpr std::size_t kMostUnsent = std::size_t{16} << 20;    // bytes of answers; then the client is cut
    static constexpr std::size_t kUnsentPause = std::size_t{256} << 10;  // then its next requests wait
    static constexpr std::size_t kMostPipelined = std::size_t{256}
                                                  << 10;  // bytes of requests that wait; then it is cut
    static constexpr std::size_t kAnswersATurn = 4;       // a large fleet's take milliseconds each
    static constexpr Nanos kHandshakeTime = std::chrono::seconds{10};
    static constexpr Nanos kRequestTime = std::chrono::seconds{10};
    static constexpr Nanos kMostSilence = std::chrono::seconds{60};  // between two requests

    using Handler = std::function<HttpAnswer(const HttpRequest& request)>;
    // Who takes a connection in our place, with its TLS; null: it is ours.
    using Divert = std::function<StreamEvents*(StreamId stream)>;

    // `tls` outlives it. `wall_clock` tells whether certificates are in their time.
    HttpServer(EventLoop& loop, const TlsContext& tls, std::function<WallSeconds()> wall_clock, FileDescriptor listener,
               Handler handler, Divert divert = {});
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;

    std::size_t clients() const noexcept { return clients_.size(); }

  private:
    struct Client;
    StreamEvents* accept(StreamId stream);
    Client* most_idle_stranger() const;
    void receive(Client& client, std::span<const std::uint8_t> bytes);
    void carry_on(Client& client);
    bool answer_some(Client& client);
    void limit_time(Client& client, bool answered);
    void flush(Client& client);
    void end(Client& client);
    void bury(Client& client);

    EventLoop& loop_;
    const TlsContext& tls_;
    std::function<WallSeconds()> wall_clock_;
    Handler handler_;
    Divert divert_;
    std::vector<std::unique_ptr<Client>> clients_;  // in order of arrival
    std::vector<std::unique_ptr<Client>> buried_;   // ended; freed outside of their callbacks
    StreamId listener_ = kNoStream;
    Timer bury_timer_;
};

}  // namespace izar
