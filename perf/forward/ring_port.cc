#include "perf/forward/ring_port.h"

#include <fmt/format.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>

#include <algorithm>

#include "dataplane/base/check.h"

namespace izar {
namespace {

rte_ring* make_ring(const std::string& name, unsigned frames) {
    return rte_ring_create(name.c_str(), frames, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
}

}  // namespace

Result<std::unique_ptr<RingPort>> RingPort::make(const std::string& name, const Scenario& scenario) {
    std::unique_ptr<RingPort> port(new RingPort("net_ring_" + name, scenario.receive_ring));
    const unsigned queues = scenario.lcores;
    for (unsigned queue = 0; queue < queues; ++queue) {
        port->to_node_.push_back(make_ring(fmt::format("{}_in{}", name, queue), scenario.receive_ring));
        port->from_node_.push_back(make_ring(fmt::format("{}_out{}", name, queue), kSendRing));
        if (port->to_node_.back() == nullptr || port->from_node_.back() == nullptr) {
            return fail(fmt::format("no rings for port {}: {}", name, rte_strerror(rte_errno)));
        }
    }
    if (rte_eth_from_rings(name.c_str(), port->to_node_.data(), queues, port->from_node_.data(), queues, 0) < 0) {
        return fail(fmt::format("no ring port {}: {}", name, rte_strerror(rte_errno)));
    }
    return port;
}

RingPort::~RingPort() {
    rte_eal_hotplug_remove("vdev", device_.c_str());  // else no other port could have its name
    std::ranges::for_each(to_node_, rte_ring_free);
    std::ranges::for_each(from_node_, rte_ring_free);
}

unsigned RingPort::room() noexcept {
    unsigned least = receive_frames_;
    for (const rte_ring* ring : to_node_) {
        least = std::min(least, rte_ring_free_count(ring));
    }
    return least;
}

void RingPort::send(std::span<rte_mbuf*> frames) noexcept {
    if (to_node_.size() == 1) {
        CHECK(rte_ring_sp_enqueue_bulk(to_node_.front(), reinterpret_cast<void**>(frames.data()),
                                       static_cast<unsigned>(frames.size()), nullptr) != 0);
        return;
    }
    for (rte_mbuf* const frame : frames) {
        CHECK(rte_ring_sp_enqueue(to_node_[frame->hash.rss % to_node_.size()], frame) == 0);
    }
}

unsigned RingPort::waiting() const noexcept {
    unsigned n = 0;
    for (const rte_ring* ring : from_node_) {
        n += rte_ring_count(ring);
    }
    return n;
}

unsigned RingPort::receive(std::span<rte_mbuf*> frames) noexcept {
    unsigned n = 0;
    for (rte_ring* const ring : from_node_) {
        n += rte_ring_sc_dequeue_burst(ring, reinterpret_cast<void**>(frames.data()) + n,
                                       static_cast<unsigned>(frames.size()) - n, nullptr);
    }
    return n;
}

}  // namespace izar
