// operator_socket.h -- OperatorSocket: how `izar` and scripts talk to a controller on its own machine.
//
// A request is one line. Its answer is "STATUS LENGTH\n" and a body of exactly LENGTH bytes, STATUS 0 done, 1 failed:
// the same as a node's control socket (docs/control-socket.md). The socket is for its owner only.
//
// Thread: the event loop's. An answer may come later, by a call on that thread; a client's next request waits for it,
//         other clients do not. Nor is it answered while the client reads no answers; who goes on asking then is cut.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ctrl/loop/event_loop.h"
#include "dataplane/base/result.h"

namespace izar {

class OperatorSocket {
  public:
    static constexpr std::size_t kLongestLine = 65'536;
    static constexpr std::size_t kMostClients = 64;
    static constexpr std::size_t kUnsentPause = std::size_t{256} << 10;  // bytes of answers; its next request waits

    // Once for each request. Nobody hears what comes for a client that is gone.
    using Reply = std::function<void(const Result<std::string>& result)>;
    using Answer = std::function<void(std::string_view line, Reply reply)>;

    OperatorSocket(EventLoop& loop, FileDescriptor listener, Answer answer);
    ~OperatorSocket();
    OperatorSocket(const OperatorSocket&) = delete;

  private:
    struct Client;
    void receive(Client& client, std::span<const std::uint8_t> bytes);
    void work(Client& client);
    void reply(StreamId to, const Result<std::string>& result);
    void bury(Client& client);

    EventLoop& loop_;
    Answer answer_;
    std::vector<std::unique_ptr<Client>> clients_;
    std::vector<std::unique_ptr<Client>> buried_;
    StreamId listener_ = kNoStream;
    Timer bury_timer_;
};

}  // namespace izar
