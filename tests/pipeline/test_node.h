// test_node.h -- TestNode: the production lcore loop of one node over in-memory ports, on a clock that the test holds.
//
// Thread: one. Everything from the ports' rings inwards is what izar-edge runs: LcoreLoop, LcoreState, Publisher,
//         TxQueues over DPDK's net_ring driver. DPDK's EAL must be up (eal_main.cc).
//
// Node n has port kLan with 10.n.0.1/24 and fd00:n::1/64, and port kWan, the overlay's, with 192.0.2.n/24 and
// 2001:db8::n/64. Its LAN addresses are its egress addresses. After every round the packet accounts of each lcore
// must be even, and when the node ends no packet buffer may be missing.
#pragma once

#include <rte_ring.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/lcore/data_plane.h"
#include "dataplane/lcore/node_security.h"
#include "tests/pipeline/packet_builder.h"
#include "tests/pipeline/seen_packet.h"

namespace izar {

inline constexpr PortIndex kLan{0};
inline constexpr PortIndex kWan{1};
inline constexpr PortIndex kLanTap{2};  // with NodeOptions::taps

struct NodeOptions {
    std::uint8_t lcores = 1;
    MemoryConfig memory{.flows = 1024, .flows_ipv6 = 1024, .packet_buffers = 4095};
    // As patient as the wire format allows: links change only by the test's hand.
    LinkConfig links{.interval = std::chrono::seconds{60}, .multiplier = 255};
    std::uint16_t mtu = 1500;
    bool taps = false;          // the LAN port has an exception TAP
    unsigned ring_size = 1024;  // of the ports; one less fits in
    bool egress_addresses = true;
    bool gateways = false;  // 10.n.0.254 and fd00:n::fe lead everywhere
    std::vector<IpAddress> stamp_peers{};
    bool stamp_nodes = false;
    std::vector<StampSession> stamp_sessions{};
    std::string secrets;  // text of a secrets file; empty: security is none
};

MacAddress port_mac(int node, PortIndex port);
MacAddress host_mac(const IpAddress& host);

class TestNode {
  public:
    explicit TestNode(int number, const NodeOptions& options = {});
    ~TestNode();
    TestNode(const TestNode&) = delete;

    std::shared_ptr<const OwnRow> own_row;  // what publish() publishes as this node's row of the mesh
    void publish(std::shared_ptr<const Fleet> fleet, std::shared_ptr<const ServiceTable> services,
                 const std::function<void(RouteTable&)>& fill);

    // Puts a frame into a port's receive queue.
    void put(PortIndex port, const Bytes& frame, std::size_t queue = 0);
    // The same for an IP packet from a host on the port's segment, whose MAC address the node then knows.
    void put_packet(PortIndex port, const Bytes& packet, Instant now, std::size_t queue = 0);
    // The same with the frame's second half in a buffer of its own.
    void put_in_two_buffers(PortIndex port, const Bytes& frame);
    // One round of the scheduler thread's part of security and of every lcore, or of one lcore alone.
    void round(Instant now);
    void round_of(std::size_t lcore, Instant now);
    // The same without looking at the accounts: nothing but what izar-edge does. With a clock it is read within the
    // round, too.
    void bare_round(std::size_t lcore, Instant now, const TscClock* clock = nullptr) {
        plane_->loop(lcore).round(OnLcore::claim(LcoreIndex{static_cast<std::uint8_t>(lcore)}), {now, clock});
    }
    // What a port has sent since it was last asked.
    std::vector<Bytes> take(PortIndex port);

    // Makes a host's MAC address known, as if it had answered.
    void know(PortIndex port, const IpAddress& host, const MacAddress& mac, Instant now);
    void forget(PortIndex port, const IpAddress& host) { neighbors().forget(neighbors().insert(port, host)); }
    void set_link(NodeSlot link, bool up) { links().cell(link).down.store(up ? 0 : 1); }

    int number() const { return number_; }
    std::uint16_t dpdk_id(PortIndex port) const { return plane_->ports()[raw(port)].dpdk_id; }
    std::size_t lcores() const { return plane_->size(); }
    LcoreState& lcore(std::size_t index = 0) { return *plane_->states()[index]; }
    Measurement leg(Leg leg, Instant now) const { return plane_->leg(leg, now); }
    StampSessionRing& stamp_sessions() { return plane_->stamp_sessions(); }
    StampReportRing& stamp_reports() { return plane_->stamp_reports(); }
    LinkReportRing& reports(std::size_t index = 0) { return *plane_->reports()[index]; }
    const Interfaces& interfaces() const { return plane_->interfaces(); }
    NeighborTable& neighbors() { return plane_->neighbors(); }
    SharedLinks& links() { return plane_->links(); }
    Publisher& publisher() { return plane_->publisher(); }
    LcoreControl& control() { return plane_->control(); }
    NodeSecurity& security() { return *security_; }
    bool can_send(NodeSlot link) const { return plane_->states()[0]->security.can_send(link); }
    std::uint64_t count(Verdict verdict) const;  // over all lcores
    LcoreCounters counters() const { return plane_->counted(); }

  private:
    struct Rings {
        std::vector<rte_ring*> rx, tx;
    };
    void open_port(const std::string& name, unsigned ring_size, std::uint8_t queues);
    std::unique_ptr<Interfaces> make_interfaces(const NodeOptions& options);
    void make_plane(const NodeOptions& options);
    void secure(const NodeOptions& options);
    void expect_even_accounts() const;

    int number_;
    int life_;  // of the process; names DPDK objects and seeds randomness
    std::string prefix_;
    rte_mempool* pool_;
    std::vector<Rings> rings_;  // indexed by port
    std::vector<Port> ports_;
    std::unique_ptr<DataPlane> plane_;
    std::unique_ptr<NodeSecurity> security_;
};

}  // namespace izar
