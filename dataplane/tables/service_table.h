// service_table.h -- ServiceTable: services, their egress nodes and origins. Immutable once published.
//
// Thread: built by the scheduler thread (or the config loader's thread) from the static part of a feed,
//         constant afterwards; lcores look a service up only for the first packet of a flow, the flow
//         table remembers the rest.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "dataplane/base/ip_address.h"
#include "dataplane/base/limits.h"
#include "dataplane/base/types.h"
#include "dataplane/tables/maglev.h"
#include "dataplane/wire/headers.h"

namespace izar {

// Which transport a service carries. icmp means echo, of the VIP's family.
enum class Transport : std::uint8_t { tcp, udp, icmp };

// Idle time after which a flow of the service is forgotten.
struct FlowTimeouts {
    Nanos tcp_opening = std::chrono::seconds{10};  // SYN seen, no answer yet
    Nanos tcp_established = std::chrono::seconds{900};
    Nanos tcp_closing = std::chrono::seconds{30};  // FIN or RST seen
    Nanos udp = std::chrono::seconds{60};
    Nanos icmp = std::chrono::seconds{10};
};

struct Origin {
    IpAddress address;
    std::uint16_t port = 0;  // 0: the port the client asked for
    std::uint32_t weight = 1;
};

struct Egress {
    NodeId node = kNoNode;
    std::uint32_t weight = 1;
};

struct Service {
    ServiceId id = kNoService;
    char name[kNameLength] = "";
    IpAddress vip;
    Transport transport = Transport::tcp;
    std::uint16_t first_port = 0;  // 0..65535: any port. Ignored for icmp
    std::uint16_t last_port = 0;   // inclusive
    FlowTimeouts timeouts;
    PolicyIndex policy = kDefaultPolicy;               // whose paths its packets take
    bool duplicate = false;                            // each packet travels over two disjoint paths
    std::vector<Egress> egresses;                      // at most kMaxEgresses
    std::vector<Origin> origins;                       // at most kMaxOrigins, same family as the VIP
    std::shared_ptr<const MaglevTable> egress_choice;  // slots index egresses
    std::shared_ptr<const MaglevTable> origin_choice;  // slots index origins
};

class ServiceTable {
  public:
    // Takes services with distinct ids and first_port <= last_port. Where ranges overlap, the narrowest wins, then the
    // lowest id.
    explicit ServiceTable(std::vector<Service> services, std::uint64_t version = 0);

    // Index of the service a packet to (vip, transport, port) belongs to, or -1. Any lcore.
    int find(const IpAddress& vip, Transport transport, std::uint16_t port) const noexcept;
    // Index of the service with this id, or -1.
    int find(ServiceId id) const noexcept;
    // The policy that the service with this id follows; the default one if it is not known here.
    PolicyIndex policy_of(ServiceId id) const noexcept;
    // Whether the address is the VIP of any service: this node answers ARP and ND for it.
    bool is_vip(const IpAddress& address) const noexcept;

    const std::vector<Service>& services() const noexcept { return services_; }
    const Service& operator[](int index) const noexcept { return services_[static_cast<std::size_t>(index)]; }
    std::uint64_t version() const noexcept { return version_; }

  private:
    struct VipPort {
        IpAddress vip;
        Transport transport;
        std::uint16_t port;
        friend bool operator==(const VipPort&, const VipPort&) = default;
    };
    struct Hash {
        std::size_t operator()(const IpAddress& address) const noexcept;
        std::size_t operator()(const VipPort& place) const noexcept;
    };
    void add(int index);
    bool wins(int challenger, int holder) const noexcept;

    std::vector<Service> services_;
    std::uint64_t version_;
    std::unordered_map<VipPort, int, Hash> single_ports_;       // services of one port: one look, however many
    std::unordered_map<VipPort, std::vector<int>, Hash> wide_;  // all others, port 0 in the key, narrowest first
    std::unordered_set<IpAddress, Hash> vips_;
    std::unordered_map<std::uint32_t, int> by_id_;
};

}  // namespace izar
