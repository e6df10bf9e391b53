// ports.h -- Port: a DPDK device that izar-edge opened and started.
//
// Thread: opened and closed by main; lcores use the ids. Errors name the port and say what to do.
#pragma once

#include <rte_mempool.h>

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/base/ip_address.h"
#include "dataplane/base/result.h"
#include "dataplane/base/types.h"
#include "dataplane/config/edge_config.h"

namespace izar {

struct Port {
    std::string name;    // of the configuration; a TAP's is that of its kernel interface
    std::string device;  // as configured
    std::uint16_t dpdk_id = 0;
    std::uint16_t queues = 1;  // receive queues; transmit queues are one for every lcore
    std::uint16_t mtu = 1500;
    MacAddress mac{};
    PortIndex exception = kNoPort;  // of a physical port: its TAP
    PortIndex physical = kNoPort;   // of a TAP: the port it stands for
};

// Opens every port of the configuration, then the exception TAPs (behind them in the list), each with one
// queue a direction for every lcore. `pool` holds the receive buffers.
Result<std::vector<Port>> open_ports(const EdgeConfig& config, rte_mempool* pool);
void close_ports(const std::vector<Port>& ports) noexcept;

// Packet buffers for a whole process. Needs DPDK's memory; the error says how much is missing.
Result<rte_mempool*> make_pool(const std::string& name, std::uint32_t buffers);

}  // namespace izar
