#include "perf/forward/ring_port.h"

#include <fmt/format.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>

namespace izar {

Result<std::unique_ptr<RingPort>> RingPort::make(const std::string& name) {
    std::unique_ptr<RingPort> port(new RingPort("net_ring_" + name));
    constexpr unsigned kFlags = RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ;
    port->to_node_ = rte_ring_create((name + "_in").c_str(), kReceiveRing, SOCKET_ID_ANY, kFlags);
    port->from_node_ = rte_ring_create((name + "_out").c_str(), kSendRing, SOCKET_ID_ANY, kFlags);
    if (port->to_node_ == nullptr || port->from_node_ == nullptr) {
        return fail(fmt::format("no rings for port {}: {}", name, rte_strerror(rte_errno)));
    }
    if (rte_eth_from_rings(name.c_str(), &port->to_node_, 1, &port->from_node_, 1, 0) < 0) {
        return fail(fmt::format("no ring port {}: {}", name, rte_strerror(rte_errno)));
    }
    return port;
}

RingPort::~RingPort() {
    rte_eal_hotplug_remove("vdev", device_.c_str());  // else no other port could have its name
    rte_ring_free(to_node_);
    rte_ring_free(from_node_);
}

}  // namespace izar
