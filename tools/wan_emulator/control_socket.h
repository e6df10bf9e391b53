// control_socket.h -- A Unix stream socket that answers request lines.
//
// Thread: owned by the emulator's one thread. Never blocks: a client that does not read its answers, or sends a line
// longer than kMaxRequestBytes, is disconnected.
#pragma once

#include <poll.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"

namespace izar::wan {

inline constexpr std::size_t kMaxRequestBytes = 4096;
inline constexpr std::size_t kMaxClients = 16;

class ControlSocket {
  public:
    // Replaces a socket file left by a process that has ended.
    static Result<ControlSocket> open(const std::string& path);
    ControlSocket(ControlSocket&& other) noexcept;
    ControlSocket& operator=(ControlSocket&&) = delete;
    ~ControlSocket();  // removes the socket file

    void append_descriptors(std::vector<pollfd>& descriptors) const;

    // Accepts clients, reads lines, writes answers, as far as it goes without waiting.
    void serve(const std::function<std::string(std::string_view)>& answer);

  private:
    struct Client {
        int socket;
        std::string input;
    };
    ControlSocket(int listener, std::string path) : listener_(listener), path_(std::move(path)) {}
    bool serve_client(Client& client, const std::function<std::string(std::string_view)>& answer);

    int listener_;
    std::string path_;
    std::vector<Client> clients_;
};

}  // namespace izar::wan
