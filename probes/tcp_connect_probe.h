// tcp_connect_probe.h -- TcpConnectProbe: how long a TCP handshake with a server takes, without a byte of payload.
//
// start() sends the SYN; when descriptor() becomes writable (poll, io_uring), finish() says what became of it. Whoever
// owns the event loop owns the patience: a probe destroyed before it has finished is a lost one. A server that refuses
// (RST) has answered too: the path works, whatever listens there.
//
// The round trip of an accepted connect is the kernel's own (TCP_INFO), so that no wake-up is in it; that of a refused
// one is the time that the caller saw pass.
//
// Thread: one. Not pure: it owns a socket, closed by RST when it is destroyed, so that no TIME-WAIT stays behind.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/base/ip_address.h"
#include "dataplane/base/result.h"
#include "dataplane/base/types.h"

namespace izar {

class TcpConnectProbe {
  public:
    // The error tells why no SYN could be sent: no route, no descriptors, no permission.
    static Result<TcpConnectProbe> start(const IpAddress& address, std::uint16_t port, Instant now);
    TcpConnectProbe(TcpConnectProbe&& other) noexcept;
    TcpConnectProbe& operator=(TcpConnectProbe&&) = delete;
    ~TcpConnectProbe();

    int descriptor() const noexcept { return socket_; }

    enum class Outcome : std::uint8_t { pending, accepted, refused, unreachable };
    struct Answer {
        Outcome outcome = Outcome::pending;
        std::optional<Nanos> rtt;  // of accepted and refused
    };
    // Never waits; pending as long as nothing is known.
    Answer finish(Instant now) const noexcept;

  private:
    TcpConnectProbe(int socket, Instant started) : socket_(socket), started_(started) {}
    int socket_;
    Instant started_;
};

}  // namespace izar
