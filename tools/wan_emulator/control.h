// control.h -- The emulator's commands: one JSON object a line in, one out.
//
//   {"op": "set", "source": "ams", "destination": "par", "delay_ms": 40, "loss": 0.01, "up": true}
//       Changes the keys given, leaves the others. Keys: delay_ms, jitter_ms, queue_ms, reorder_hold_ms (0..60000),
//       loss, duplicate, reorder (0..1), drop_every (n: each n-th packet, 0: none), mtu_bytes and rate_bps (0: no
//       limit), up. Answer: {"ok": true}
//   {"op": "show"}    Answer: {"ok": true, "links": [{source, destination, all keys above, counters}], "ports": [..]}
//
// A request that cannot be done changes nothing and is answered by {"ok": false, "error": "what to do"}.
//
// Thread: owned by the emulator's one thread; no I/O but the ports' counters.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "tools/wan_emulator/packet_port.h"
#include "tools/wan_emulator/wan_switch.h"

namespace izar::wan {

class Control {
  public:
    // names[i] is the name of port i; `ports` may be empty (then "show" has no port counters).
    Control(WanSwitch& wan, std::vector<std::string> names, std::vector<PacketPort>& ports)
        : wan_(wan), names_(std::move(names)), ports_(ports) {}

    // The answer to one request line, without a newline. Never throws, whatever the text.
    std::string answer(std::string_view line);

    // What "set" does, for the links of the configuration file.
    Result<void> set_link(const nlohmann::json& request);

  private:
    Result<WanPort> port_named(const nlohmann::json& request, const char* key) const;
    nlohmann::json show();

    WanSwitch& wan_;
    std::vector<std::string> names_;
    std::vector<PacketPort>& ports_;
};

}  // namespace izar::wan
