// sockets.h -- Where somebody listens, and opening the sockets that the event loop then drives.
//
// Thread: values and functions of their arguments. Errors: name the address and the system's reason.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "dataplane/base/ip_address.h"
#include "dataplane/base/result.h"

namespace izar {

struct SocketAddress {
    IpAddress ip;
    std::uint16_t port = 0;

    // "192.0.2.1:7443" or "[2001:db8::1]:7443".
    static Result<SocketAddress> parse(std::string_view text);
    static SocketAddress of(const sockaddr_storage& from) noexcept;
    // The length of what was filled in.
    socklen_t fill(sockaddr_storage& out) const noexcept;
    std::string text() const;
    friend bool operator==(const SocketAddress&, const SocketAddress&) = default;
};

// A descriptor that closes itself.
class FileDescriptor {
  public:
    FileDescriptor() = default;
    explicit FileDescriptor(int fd) noexcept : fd_(fd) {}
    FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.release()) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept;
    ~FileDescriptor() { reset(); }

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    int release() noexcept;
    void reset() noexcept;

  private:
    int fd_ = -1;
};

// A TCP socket that listens. Port 0: the system chooses one (see local_address).
Result<FileDescriptor> listen_tcp(const SocketAddress& at);
// A Unix stream socket that listens, mode 0600. A socket left behind by a dead program is replaced, one at which
// somebody answers is an error. The folder is made if need be.
Result<FileDescriptor> listen_unix(const std::string& path);
// A TCP socket not yet connected.
Result<FileDescriptor> open_tcp(Family family);

SocketAddress local_address(int fd) noexcept;

}  // namespace izar
