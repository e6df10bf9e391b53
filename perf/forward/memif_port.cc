#include "perf/forward/memif_port.h"

#include <fmt/format.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "dataplane/base/check.h"

namespace izar {
namespace {

constexpr unsigned kDescriptors = 1'024;
constexpr Nanos kLongestGreeting = std::chrono::seconds{5};

// An abstract socket: no file is left behind.
std::string arguments(const char* role, unsigned number) {
    return fmt::format("role={},id={},socket=izar-perf-{},socket-abstract=yes", role, number, getpid());
}

}  // namespace

std::string MemifPort::node_device(unsigned number) {
    return "net_memif," + arguments("client", number);
}

Result<std::unique_ptr<MemifPort>> MemifPort::make(const std::string& name, unsigned number, rte_mempool* pool) {
    std::unique_ptr<MemifPort> port(new MemifPort("net_memif_far_" + name));
    int code = rte_eal_hotplug_add("vdev", port->device_.c_str(), arguments("server", number).c_str());
    if (code == 0) {
        code = rte_eth_dev_get_port_by_name(port->device_.c_str(), &port->dpdk_id_);
    }
    const std::uint16_t id = port->dpdk_id_;
    const rte_eth_conf conf{};
    if (code == 0) {
        code = rte_eth_dev_configure(id, 1, 1, &conf);
    }
    if (code == 0) {
        code = rte_eth_rx_queue_setup(id, 0, kDescriptors, rte_socket_id(), nullptr, pool);
    }
    if (code == 0) {
        code = rte_eth_tx_queue_setup(id, 0, kDescriptors, rte_socket_id(), nullptr);
    }
    if (code == 0) {
        code = rte_eth_dev_start(id);
    }
    if (code != 0) {
        return fail(fmt::format("no memif port {}: {}", name, std::strerror(-code)));
    }
    return port;
}

MemifPort::~MemifPort() {
    rte_pktmbuf_free_bulk(waiting_.data(), waits_);
    rte_eth_dev_stop(dpdk_id_);
    rte_eal_hotplug_remove("vdev", device_.c_str());
}

Result<void> MemifPort::wait_until_up(const TscClock& clock) const {
    rte_eth_link link{};
    for (const Instant latest = clock.now() + kLongestGreeting;;) {
        if (rte_eth_link_get_nowait(dpdk_id_, &link) == 0 && link.link_status == RTE_ETH_LINK_UP) {
            return {};
        }
        if (clock.now() > latest) {
            return fail(
                fmt::format("{}: the node's port does not answer; is another process using the socket?", device_));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
}

void MemifPort::send_waiting() noexcept {
    const std::uint16_t sent = rte_eth_tx_burst(dpdk_id_, 0, waiting_.data(), static_cast<std::uint16_t>(waits_));
    std::copy(waiting_.begin() + sent, waiting_.begin() + waits_, waiting_.begin());
    waits_ -= sent;
}

unsigned MemifPort::room() noexcept {
    if (waits_ != 0) {
        send_waiting();
    }
    return waits_ == 0 ? unsigned{kMaxBurst} : 0;
}

void MemifPort::send(std::span<rte_mbuf*> frames) noexcept {
    CHECK(waits_ == 0 && frames.size() <= waiting_.size());
    std::ranges::copy(frames, waiting_.begin());
    waits_ = static_cast<unsigned>(frames.size());
    send_waiting();
}

unsigned MemifPort::receive(std::span<rte_mbuf*> frames) noexcept {
    if (waits_ != 0) {
        send_waiting();  // else the last burst of a trial would stay
    }
    return rte_eth_rx_burst(dpdk_id_, 0, frames.data(), static_cast<std::uint16_t>(frames.size()));
}

}  // namespace izar
