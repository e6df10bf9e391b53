#include "dataplane/io/ports.h"

#include <fmt/format.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <cstring>

#include "dataplane/base/limits.h"
#include "dataplane/stages/burst.h"

namespace izar {
namespace {

constexpr std::uint16_t kRxDescriptors = 512;
constexpr std::uint16_t kTxDescriptors = 512;
constexpr unsigned kAfPacketFrames = 4096;

// A device string is "driver,args" for a virtual device and a bus address for a real one. DPDK wants virtual
// devices under a name of their own, so "net_tap,iface=x" becomes "net_tap_WAN,iface=x".
struct DeviceName {
    std::string bus;
    std::string name;
    std::string arguments;
};

DeviceName device_name(const PortConfig& port, std::uint8_t lcores) {
    const auto comma = port.device.find(',');
    const std::string driver = port.device.substr(0, comma);
    std::string arguments = comma == std::string::npos ? "" : port.device.substr(comma + 1);
    if (driver.rfind("net_", 0) != 0) {
        return {"pci", driver, arguments};
    }
    // A ring of 512 frames, the driver's default, is full after 0.3 ms of a fast sender; a nap is longer.
    if (driver == "net_af_packet" && arguments.find("framecnt=") == std::string::npos) {
        arguments += fmt::format(",framecnt={}", kAfPacketFrames);
    }
    // Both take their number of queues as an argument; the others as configured.
    if (lcores > 1 && driver == "net_af_packet" && arguments.find("qpairs=") == std::string::npos) {
        arguments += fmt::format(",qpairs={}", lcores);
    }
    if (lcores > 1 && driver == "net_af_xdp" && arguments.find("queue_count=") == std::string::npos) {
        arguments += fmt::format(",queue_count={}", lcores);
    }
    return {"vdev", fmt::format("{}_{}", driver, port.name), arguments};
}

// The DPDK port of a device, probed now unless the EAL arguments have done so already.
Result<std::uint16_t> probe(const PortConfig& port, std::uint8_t lcores) {
    const DeviceName device = device_name(port, lcores);
    std::uint16_t id = 0;
    if (rte_eth_dev_get_port_by_name(device.name.c_str(), &id) == 0) {
        return id;
    }
    const int code = rte_eal_hotplug_add(device.bus.c_str(), device.name.c_str(), device.arguments.c_str());
    if (code != 0 || rte_eth_dev_get_port_by_name(device.name.c_str(), &id) != 0) {
        return fail(
            fmt::format("port {}: cannot open device '{}': {}; check that the interface or PCI address exists "
                        "and that the driver is named as in `dpdk-testpmd --vdev`",
                        port.name, port.device, std::strerror(code < 0 ? -code : ENODEV)));
    }
    return id;
}

std::uint64_t supported(std::uint64_t wanted, std::uint64_t capabilities) noexcept {
    return wanted & capabilities;
}

Result<void> configure(Port& port, std::uint8_t lcores, rte_mempool* pool) {
    rte_eth_dev_info device{};
    if (rte_eth_dev_info_get(port.dpdk_id, &device) != 0) {
        return fail(fmt::format("port {}: device '{}' does not tell its limits", port.name, port.device));
    }
    if (device.max_tx_queues < lcores) {
        return fail(
            fmt::format("port {}: device '{}' has {} transmit queues, {} lcores need one each; use fewer lcores",
                        port.name, port.device, device.max_tx_queues, lcores));
    }
    port.queues = std::min<std::uint16_t>(lcores, device.max_rx_queues);
    rte_eth_conf conf{};
    conf.txmode.offloads = supported(RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE, device.tx_offload_capa);
    if (port.queues > 1 && device.flow_type_rss_offloads != 0) {
        conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        conf.rx_adv_conf.rss_conf.rss_hf =
            device.flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP);
    }
    std::uint16_t rx = kRxDescriptors;
    std::uint16_t tx = kTxDescriptors;
    int code = rte_eth_dev_configure(port.dpdk_id, port.queues, lcores, &conf);
    if (code == 0) {
        code = rte_eth_dev_adjust_nb_rx_tx_desc(port.dpdk_id, &rx, &tx);
    }
    const int socket = rte_eth_dev_socket_id(port.dpdk_id);
    for (std::uint16_t q = 0; code == 0 && q < port.queues; ++q) {
        code = rte_eth_rx_queue_setup(port.dpdk_id, q, rx, static_cast<unsigned>(socket), nullptr, pool);
    }
    for (std::uint16_t q = 0; code == 0 && q < lcores; ++q) {
        code = rte_eth_tx_queue_setup(port.dpdk_id, q, tx, static_cast<unsigned>(socket), nullptr);
    }
    if (code != 0) {
        return fail(fmt::format("port {}: device '{}' refuses {} receive and {} transmit queues: {}", port.name,
                                port.device, port.queues, lcores, std::strerror(-code)));
    }
    return {};
}

Result<void> start(Port& port) {
    // Many virtual devices cannot set the MTU and carry what their interface carries.
    rte_eth_dev_set_mtu(port.dpdk_id, port.mtu);
    if (const int code = rte_eth_dev_start(port.dpdk_id); code != 0) {
        return fail(
            fmt::format("port {}: device '{}' does not start: {}", port.name, port.device, std::strerror(-code)));
    }
    // Solicitations for VIPs come to multicast addresses, and VIPs may move here with another MAC.
    rte_eth_promiscuous_enable(port.dpdk_id);
    rte_ether_addr mac{};
    rte_eth_macaddr_get(port.dpdk_id, &mac);
    std::memcpy(port.mac.bytes, mac.addr_bytes, sizeof port.mac.bytes);
    return {};
}

Result<Port> open_port(const PortConfig& config, std::uint8_t lcores, rte_mempool* pool) {
    Port port;
    port.name = config.name;
    port.device = config.device;
    port.mtu = config.mtu;
    const auto id = probe(config, lcores);
    if (!id) {
        return tl::unexpected(id.error());
    }
    port.dpdk_id = *id;
    if (auto done = configure(port, lcores, pool); !done) {
        return tl::unexpected(done.error());
    }
    if (auto done = start(port); !done) {
        return tl::unexpected(done.error());
    }
    return port;
}

}  // namespace

Result<std::vector<Port>> open_ports(const EdgeConfig& config, rte_mempool* pool) {
    std::vector<Port> ports;
    for (const PortConfig& wanted : config.ports) {
        auto port = open_port(wanted, config.lcores, pool);
        if (!port) {
            return tl::unexpected(port.error());
        }
        ports.push_back(*port);
    }
    for (std::size_t i = 0; i < config.ports.size(); ++i) {
        if (config.ports[i].exception_tap.empty()) {
            continue;
        }
        PortConfig tap;
        tap.name = config.ports[i].exception_tap;
        // The kernel's interface gets the MAC address of the port it stands for.
        tap.device = fmt::format("net_tap,iface={},mac={}", tap.name, ports[i].mac.text());
        tap.mtu = config.ports[i].mtu;
        auto port = open_port(tap, config.lcores, pool);
        if (!port) {
            return tl::unexpected(port.error());
        }
        port->physical = PortIndex{static_cast<std::uint8_t>(i)};
        ports[i].exception = PortIndex{static_cast<std::uint8_t>(ports.size())};
        ports.push_back(*port);
    }
    if (ports.size() > kMaxPorts) {
        return fail(fmt::format("{} ports with their TAPs are more than {}", ports.size(), kMaxPorts));
    }
    return ports;
}

void close_ports(const std::vector<Port>& ports) noexcept {
    for (const Port& port : ports) {
        rte_eth_dev_stop(port.dpdk_id);
        rte_eth_dev_close(port.dpdk_id);
    }
}

Result<rte_mempool*> make_pool(const std::string& name, std::uint32_t buffers) {
    constexpr unsigned kCache = 256;
    rte_mempool* const pool = rte_pktmbuf_pool_create(name.c_str(), buffers, kCache, kMbufPrivateBytes,
                                                      RTE_MBUF_DEFAULT_BUF_SIZE, static_cast<int>(rte_socket_id()));
    if (pool == nullptr) {
        return fail(
            fmt::format("cannot make {} packet buffers ({} MiB): {}; give the process more memory "
                        "(hugepages, or -m with --no-huge) or set memory.packet_buffers lower",
                        buffers, std::uint64_t{buffers} * RTE_MBUF_DEFAULT_BUF_SIZE >> 20, rte_strerror(rte_errno)));
    }
    return pool;
}

}  // namespace izar
