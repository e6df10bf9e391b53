// control_socket.h -- The shell on a Unix stream socket: how `izar edge` and scripts talk to a node.
//
// A request is one line. Its answer is a status line and a body of exactly LENGTH bytes:
//
//   STATUS ' ' LENGTH '\n' BODY        STATUS: 0 done, 1 failed (the body says why)
//
// Any number of requests may follow each other on one connection; they are answered in order. A client
// that does not read its answers is not read from, so it holds up nobody else. docs/control-socket.md.
//
// Thread: the main thread only; every descriptor is non-blocking.
#pragma once

#include <poll.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/shell/prompt.h"
#include "dataplane/shell/shell.h"

namespace izar {

inline constexpr std::size_t kMaxControlClients = 16;

// The answer as it travels.
std::string control_answer(const Reply& reply);

class ControlSocket {
  public:
    // Listens at `path`, mode 0600, making its directory if need be. A socket that nobody answers at is
    // replaced; one where somebody does is an error.
    static Result<std::unique_ptr<ControlSocket>> open(const std::string& path, Shell& shell);
    ~ControlSocket();  // answers what was asked, then removes the socket
    ControlSocket(const ControlSocket&) = delete;

    // Adds the descriptors to wait for; serve() wants the same entries back, with their revents.
    void add_to(std::vector<pollfd>& waiting) const;
    void serve(const std::vector<pollfd>& ready);

  private:
    struct Client {
        int fd = -1;
        std::string in;
        std::string out;
        bool ended = false;  // nothing more will be asked
    };
    ControlSocket(std::string path, int fd, Shell& shell) : path_(std::move(path)), fd_(fd), shell_(shell) {}
    void accept_clients();
    void read_from(Client& client);
    void answer(Client& client);
    static void write_to(Client& client);

    std::string path_;
    int fd_;
    Shell& shell_;
    std::vector<Client> clients_;
};

// Waits up to `timeout` for input on the prompt (may be null) and the socket (may be null), and serves it.
// `prompt` is reset when its input has ended.
void serve_consoles(std::unique_ptr<Prompt>& prompt, ControlSocket* socket, Nanos timeout);

}  // namespace izar
