// packet_port.h -- One interface of the emulator: an AF_PACKET socket that reads and writes whole frames.
//
// Thread: owned by the emulator's one thread. Never blocks.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "tools/wan_emulator/packet_pool.h"
#include "tools/wan_emulator/wan_switch.h"

namespace izar::wan {

inline constexpr std::size_t kPortBurst = 64;

struct PortCounters {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    std::uint64_t send_failed = 0;  // the kernel refused the frame: interface down or its queue full
    std::uint64_t oversize = 0;     // longer than kMaxFrameBytes: dropped
    std::uint64_t overrun = 0;      // lost in the socket's buffer before the emulator read them
};

class PacketPort {
  public:
    static Result<PacketPort> open(const std::string& interface);
    PacketPort(PacketPort&& other) noexcept;
    PacketPort& operator=(PacketPort&&) = delete;
    ~PacketPort();

    int descriptor() const noexcept { return socket_; }

    // Hands up to kPortBurst waiting frames to the switch, each with the time at which the kernel received it, so
    // that the emulator's own wake-up latency does not add to the emulated delay. `wall_to_node` is what must be
    // added to the kernel's wall-clock stamp to get an Instant. Returns whether frames may still be waiting.
    bool receive(WanPort self, Nanos wall_to_node, PacketPool& pool, WanSwitch& wan);

    // Queues a frame for flush(); takes the slot over.
    void send(PacketSlot slot, PacketPool& pool);
    void flush(PacketPool& pool);

    PortCounters counters();  // asks the kernel for its part

  private:
    explicit PacketPort(int socket) : socket_(socket) {}

    int socket_;
    PortCounters counters_;
    std::vector<PacketSlot> outgoing_;
};

}  // namespace izar::wan
