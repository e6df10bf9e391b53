// metrics_server.h -- MetricsServer: `GET /metrics` over plain HTTP/1.1, for Prometheus on the same machine or a
// trusted network. There is nothing else to ask, and nothing secret in the answer.
//
// Thread: the event loop's.
// Bounds: a connection ends with its first answer, or kTime after it came; when kMostClients are here, the oldest makes
//         room.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ctrl/loop/event_loop.h"

namespace izar {

class MetricsServer {
  public:
    static constexpr std::size_t kMostClients = 16;
    static constexpr Nanos kTime = std::chrono::seconds{10};

    // `text` makes what is told.
    MetricsServer(EventLoop& loop, FileDescriptor listener, std::function<std::string()> text);
    ~MetricsServer();
    MetricsServer(const MetricsServer&) = delete;

  private:
    struct Client;
    StreamEvents* accept(StreamId stream);
    void receive(Client& client, std::span<const std::uint8_t> bytes);
    void end(Client& client);
    void bury(Client& client);

    EventLoop& loop_;
    std::function<std::string()> text_;
    std::vector<std::unique_ptr<Client>> clients_;  // in order of arrival
    std::vector<std::unique_ptr<Client>> buried_;   // ended; freed outside of their callbacks
    StreamId listener_ = kNoStream;
    Timer bury_timer_;
};

// At `at`, ADDRESS:PORT. Null for "none", and where nobody can listen there, which is said in the log and stops
// nothing: who cannot be watched can still work.
std::unique_ptr<MetricsServer> serve_metrics(EventLoop& loop, const std::string& at, std::function<std::string()> text,
                                             const std::function<void(const std::string&)>& log);

}  // namespace izar
