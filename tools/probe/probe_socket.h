// probe_socket.h -- A UDP socket whose arrivals carry the kernel's time stamp.
//
// Thread: owned by one thread. receive() never waits.
#pragma once

#include <netinet/in.h>

#include <span>

#include "dataplane/base/ip_address.h"
#include "dataplane/base/result.h"
#include "dataplane/base/types.h"

namespace izar::probe {

struct Endpoint {
    sockaddr_storage address{};
    socklen_t size = 0;
};
Endpoint endpoint_of(const IpAddress& address, std::uint16_t port);

class ProbeSocket {
  public:
    // A server gives the address and port to listen on, a client the family's unspecified address and port 0.
    static Result<ProbeSocket> open(const IpAddress& address, std::uint16_t port);
    ProbeSocket(ProbeSocket&& other) noexcept;
    ProbeSocket& operator=(ProbeSocket&&) = delete;
    ~ProbeSocket();

    int descriptor() const noexcept { return socket_; }

    struct Arrival {
        std::size_t bytes = 0;
        Nanos wall_time{0};  // CLOCK_REALTIME at which the kernel took the packet
        Endpoint from;
    };
    // False when nothing waits.
    bool receive(std::span<std::byte> room, Arrival& arrival);
    void send(const Endpoint& to, std::span<const std::byte> datagram);  // what the kernel refuses is lost

  private:
    explicit ProbeSocket(int socket) : socket_(socket) {}
    int socket_;
};

}  // namespace izar::probe
