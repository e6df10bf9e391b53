// test_world.h -- TestWorld: several TestNodes whose WAN ports lie on one segment with a delay, on one virtual clock.
//
// Thread: one. Nodes are numbered from 1; a node's number is its node id, its slot is one less.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "tests/pipeline/test_node.h"

namespace izar {

// A service as a test writes it: ServiceSpec{1}.at("10.99.0.80").tcp(80).egress(3).origin("10.3.0.80", 8080).
struct ServiceSpec {
    explicit ServiceSpec(std::uint32_t id) { service.id = ServiceId{id}; }
    ServiceSpec& at(std::string_view vip);
    ServiceSpec& tcp(std::uint16_t first, std::uint16_t last = 0);
    ServiceSpec& udp(std::uint16_t first, std::uint16_t last = 0);
    ServiceSpec& echo();
    ServiceSpec& twice();  // duplicate: true
    ServiceSpec& egress(int node, std::uint32_t weight = 1);
    ServiceSpec& origin(std::string_view address, std::uint16_t port = 0, std::uint32_t weight = 1);
    ServiceSpec& policy(PolicyIndex index);
    Service service;
};

// A path as the nodes after the first, and its predicted RTT.
struct PathSpec {
    std::vector<int> nodes;
    std::uint32_t rtt_us = 10'000;
};

using Lines = std::vector<std::string>;

class TestWorld {
  public:
    explicit TestWorld(int nodes, Family underlay = Family::ipv4, const NodeOptions& options = {});

    TestNode& operator[](int number) { return *nodes_[static_cast<std::size_t>(number - 1)]; }
    static NodeSlot slot(int number) { return NodeSlot{static_cast<std::uint16_t>(number - 1)}; }

    // Static data; takes effect with publish(). Without route() the way to every node is the direct link, under every
    // policy. With security
    // publish() lets time pass until every link has its session; `links_secured` false leaves that out.
    TestWorld& service(const ServiceSpec& spec);
    TestWorld& route(int from, int to, std::vector<PathSpec> paths, PolicyIndex policy = kDefaultPolicy);
    void publish();

    // The node ends and begins a new process life, and knows nothing any more. With security, links get their
    // sessions again before this returns.
    void restart(int number);

    // Packets from a host on the node's LAN, all in one burst; runs the world until nothing moves any more at this
    // instant. Returns what came out on all LANs: "3: tcp 10.3.0.1:40000 > 10.3.0.80:8080 S".
    Lines send(int node, const PacketBuilder& packet) { return send(node, std::vector<PacketBuilder>{packet}); }
    Lines send(int node, const std::vector<PacketBuilder>& packets, std::size_t queue = 0);
    // The same for a frame or packet of any kind on a port of the node.
    Lines send_frame(int node, PortIndex port, const Bytes& frame);
    Lines send_packet(int node, PortIndex port, const Bytes& packet);
    // Lets time pass; returns what came out on the LANs.
    Lines advance(Nanos span, Nanos step = std::chrono::milliseconds{1});
    // Runs the world at this instant until nothing moves.
    Lines settle();

    void set_delay(Nanos one_way) { delay_ = one_way; }
    void cut(int from, int to, bool is_cut = true) { cuts_[{from, to}] = is_cut; }  // one direction
    void set_link(int a, int b, bool up);  // both ends' flags at once, without keep-alives

    Instant now{std::chrono::seconds{100}};
    std::vector<SeenPacket> on_lan;    // of the last send, settle or advance, in order
    std::vector<SeenPacket> on_wan;    // the same for the WAN segment, control packets left out
    std::vector<SeenPacket> control;   // the control packets
    std::uint16_t policy_version = 0;  // of the next publish()
    bool checks = true;                // whether every frame seen must have right checksums
    bool links_secured = true;         // whether publish() waits for the sessions of encrypted links

    const std::shared_ptr<const ServiceTable>& services() const { return services_; }
    const std::shared_ptr<const Fleet> fleet_of(int number) const;

  private:
    struct InFlight {
        Instant due;
        Bytes frame;
    };
    bool turn(Lines& lines);
    void collect(TestNode& node, Lines& lines);
    void deliver(const Bytes& frame);
    void fill_routes(int from, RouteTable& table) const;
    void fill_routes(int from, RouteTable& table, PolicyIndex policy) const;
    Path path_of(const PathSpec& spec) const;
    void begin();
    std::unique_ptr<TestNode> make_node(int number);
    void secure_links();

    Family underlay_;
    NodeOptions options_;
    int size_;
    std::vector<std::unique_ptr<TestNode>> nodes_;
    std::vector<Service> specs_;
    std::map<std::tuple<PolicyIndex, int, int>, std::vector<PathSpec>> routes_;
    std::map<std::pair<int, int>, bool> cuts_;
    std::shared_ptr<const ServiceTable> services_;
    std::deque<InFlight> in_flight_;  // all links have one delay, so this is in order of arrival
    Nanos delay_{0};
};

}  // namespace izar
