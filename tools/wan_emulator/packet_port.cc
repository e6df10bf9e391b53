#include "tools/wan_emulator/packet_port.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

namespace izar::wan {
namespace {

// Bursts of a TCP window arrive faster than the emulator wakes up: 16 MiB hold 100 ms at 1 Gbit/s.
constexpr int kReceiveBufferBytes = 16 << 20;

tl::unexpected<Error> fail_on(const std::string& interface, const char* step) {
    return fail(fmt::format("interface '{}': {} failed: {}. Run as root in the namespace that has this interface.",
                            interface, step, std::strerror(errno)));
}

bool enable(int socket, int level, int option, int value = 1) {
    return setsockopt(socket, level, option, &value, sizeof value) == 0;
}

Nanos kernel_stamp(msghdr& message) noexcept {
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            timespec stamp{};
            std::memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
            return std::chrono::seconds{stamp.tv_sec} + Nanos{stamp.tv_nsec};
        }
    }
    return Nanos{0};
}

}  // namespace

Result<PacketPort> PacketPort::open(const std::string& interface) {
    const unsigned index = if_nametoindex(interface.c_str());
    if (index == 0) {
        return fail_on(interface, "looking it up");
    }
    PacketPort port(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (port.socket_ < 0) {
        return fail_on(interface, "opening a packet socket");
    }
    if (!enable(port.socket_, SOL_PACKET, PACKET_IGNORE_OUTGOING) ||
        !enable(port.socket_, SOL_PACKET, PACKET_QDISC_BYPASS) || !enable(port.socket_, SOL_SOCKET, SO_TIMESTAMPNS) ||
        !enable(port.socket_, SOL_SOCKET, SO_RCVBUFFORCE, kReceiveBufferBytes)) {
        return fail_on(interface, "setting socket options");
    }
    packet_mreq membership{};
    membership.mr_ifindex = static_cast<int>(index);
    membership.mr_type = PACKET_MR_PROMISC;
    if (setsockopt(port.socket_, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof membership) != 0) {
        return fail_on(interface, "switching promiscuous mode on");
    }
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(index);
    if (bind(port.socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return fail_on(interface, "binding");
    }
    return port;
}

PacketPort::PacketPort(PacketPort&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), counters_(other.counters_), outgoing_(std::move(other.outgoing_)) {}

PacketPort::~PacketPort() {
    if (socket_ >= 0) {
        close(socket_);
    }
}

bool PacketPort::receive(WanPort self, Nanos wall_to_node, PacketPool& pool, WanSwitch& wan) {
    std::array<mmsghdr, kPortBurst> messages{};
    std::array<iovec, kPortBurst> rooms{};
    std::array<PacketSlot, kPortBurst> slots{};
    alignas(cmsghdr) std::array<std::array<char, CMSG_SPACE(sizeof(timespec))>, kPortBurst> stamps{};
    const std::size_t asked = std::min(kPortBurst, pool.available());
    for (std::size_t i = 0; i < asked; ++i) {
        slots[i] = pool.take();
        rooms[i] = {pool.room(slots[i]).data(), kMaxFrameBytes};
        messages[i].msg_hdr.msg_iov = &rooms[i];
        messages[i].msg_hdr.msg_iovlen = 1;
        messages[i].msg_hdr.msg_control = stamps[i].data();
        messages[i].msg_hdr.msg_controllen = stamps[i].size();
    }
    const int got = recvmmsg(socket_, messages.data(), static_cast<unsigned>(asked), MSG_DONTWAIT, nullptr);
    const std::size_t count = got > 0 ? static_cast<std::size_t>(got) : 0;
    // Unused slots first: copies that the switch makes may need them.
    for (std::size_t i = asked; i > count; --i) {
        pool.give_back(slots[i - 1]);
    }
    for (std::size_t i = 0; i < count; ++i) {
        ++counters_.received;
        if ((messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
            ++counters_.oversize;
            pool.give_back(slots[i]);
            continue;
        }
        pool.set_size(slots[i], messages[i].msg_len);
        wan.accept(self, Instant{kernel_stamp(messages[i].msg_hdr) + wall_to_node}, slots[i]);
    }
    return count == kPortBurst;
}

void PacketPort::send(PacketSlot slot, PacketPool& pool) {
    outgoing_.push_back(slot);
    if (outgoing_.size() == kPortBurst) {
        flush(pool);
    }
}

void PacketPort::flush(PacketPool& pool) {
    std::array<mmsghdr, kPortBurst> messages{};
    std::array<iovec, kPortBurst> frames{};
    for (std::size_t i = 0; i < outgoing_.size(); ++i) {
        const auto frame = pool.frame(outgoing_[i]);
        frames[i] = {const_cast<std::byte*>(frame.data()), frame.size()};
        messages[i].msg_hdr.msg_iov = &frames[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    std::size_t done = 0;
    while (done < outgoing_.size()) {
        const int sent =
            sendmmsg(socket_, &messages[done], static_cast<unsigned>(outgoing_.size() - done), MSG_DONTWAIT);
        if (sent > 0) {
            counters_.sent += static_cast<std::uint64_t>(sent);
            done += static_cast<std::size_t>(sent);
        } else {
            ++counters_.send_failed;  // this frame is lost, the next may go
            ++done;
        }
    }
    for (const PacketSlot slot : outgoing_) {
        pool.give_back(slot);
    }
    outgoing_.clear();
}

PortCounters PacketPort::counters() {
    tpacket_stats stats{};
    socklen_t size = sizeof stats;
    if (getsockopt(socket_, SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0) {
        counters_.overrun += stats.tp_drops;  // reading resets the kernel's figure
    }
    return counters_;
}

}  // namespace izar::wan
