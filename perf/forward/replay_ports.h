// replay_ports.h -- The node's ports of kind pcap, which any DPDK program can open as well.
//
// Thread: main.
//
// net_pcap reads one packet of each flow from a capture and plays them again and again, each copied into a fresh
// buffer; net_pcap and net_null free what is sent. So generator and sink are on the node's core, bytes stay in its
// caches, and both are part of what a packet costs there.
#pragma once

#include <vector>

#include "dataplane/io/ports.h"
#include "perf/forward/scenario.h"

namespace izar {

// Opens `ports` (WAN and LAN, of which only name and MTU are set) with the scenario's packets at the port that its role
// gets them by. The error says what is missing.
Result<std::vector<Port>> open_replay_ports(const Scenario& scenario, std::vector<PortConfig> ports, rte_mempool* pool);

}  // namespace izar
