// simulated_wan.h -- SimulatedWan: whole nodes, lcore loop and scheduler, on the WAN emulator's links, in one thread on
// one virtual clock. Same seed, same run.
//
// Thread: one. Nodes are numbered from 1; a node's number is its node id, its slot is one less. A node is TestNode (the
//         production lcore loop) with the production Scheduler that reads its lcores' rings and publishes its tables.
#pragma once

#include <map>
#include <memory>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "sched/scheduler.h"
#include "tests/pipeline/test_world.h"
#include "tools/wan_emulator/emulated_link.h"

namespace izar {

// UDP packets of one flow that a client sends at a fixed pace. Their payloads have kPayloads lengths in turn, so that
// each packet can be told from its neighbours.
struct Stream {
    static constexpr std::size_t kLeastPayload = 100;
    static constexpr std::size_t kPayloads = 1000;
    PacketBuilder packet;
    int node;  // where the client is attached
    Nanos pace = std::chrono::milliseconds{1};
    Instant next{};
    std::uint64_t sent = 0;
};

class SimulatedWan {
  public:
    static constexpr Nanos kStep = std::chrono::milliseconds{1};

    SimulatedWan(int nodes, std::uint64_t seed, const NodeOptions& options);
    ~SimulatedWan();

    void serve(const std::vector<ServiceSpec>& services);

    // Changes a link; one_way: of packets from `a` to `b` only.
    using Change = std::function<void(wan::LinkProfile&)>;
    void change_one_way(int a, int b, const Change& change);
    void change(int a, int b, const Change& change);
    void set_rtt(int a, int b, Nanos rtt);

    // A relay that goes on with its links, but sends on nothing that it is asked to relay. Without encryption only.
    void stop_relaying(int node, bool stopped = true) { stopped_[node] = stopped; }

    // A node whose lcores do not run for a while, as where others have its cores; its ports' queues fill meanwhile.
    void freeze(int node, Nanos span) { frozen_until_[node] = now + span; }
    // A node whose clock is ahead of the others', from now on; it is never set back.
    void set_clock_ahead(int node, Nanos ahead) { ahead_[node] = ahead; }
    bool is_frozen(int node) const {
        const auto found = frozen_until_.find(node);
        return found != frozen_until_.end() && now < found->second;
    }

    // Packets that clients send while time passes.
    void stream(Stream stream) { streams_.push_back(std::move(stream)); }
    void stop_streams() { streams_.clear(); }
    void run(Nanos span);
    // Time until the path from one node to another is this one ("1-2-3"); `most` if that does not come.
    Nanos run_until_path(const std::string& path, Nanos most);

    std::string path(int from, int to) const;
    std::uint16_t inner_mtu(int from, int to);  // of the path in use, as the lcores have it
    TestNode& node(int number) { return *members_[static_cast<std::size_t>(number - 1)].node; }
    const Scheduler& scheduler(int number) const { return *members_[static_cast<std::size_t>(number - 1)].scheduler; }
    const LinkStatus link_status(int from, int to) const;
    // Packets that streams have sent, in all and by length of their payload.
    std::uint64_t sent() const;
    const std::map<std::size_t, int>& sent_sizes() const { return sent_sizes_; }
    // What came out on the LAN of a node since it was last asked.
    std::vector<SeenPacket> take_lan(int number) { return std::exchange(on_lan_[number], {}); }

    Instant now{std::chrono::seconds{100}};

  private:
    struct Member {
        std::unique_ptr<TestNode> node;
        std::unique_ptr<FeedRing> feed = std::make_unique<FeedRing>();
        std::unique_ptr<SchedulerView> view = std::make_unique<SchedulerView>();
        std::vector<LinkReportRing*> rings;
        std::unique_ptr<Scheduler> scheduler;
    };
    struct InFlight {
        Instant due;
        std::uint64_t number;  // frames due at one instant keep their order
        int to;
        Bytes frame;
        bool operator>(const InFlight& other) const {
            return std::pair{due, number} > std::pair{other.due, other.number};
        }
    };
    std::shared_ptr<const Fleet> fleet_of(int number) const;
    wan::EmulatedLink& link(int from, int to) { return links_.at({from, to}); }
    void send_due(Stream& stream);
    void carry(TestNode& node);
    void refresh_hosts();
    void step();

    std::vector<Member> members_;
    std::map<std::pair<int, int>, wan::EmulatedLink> links_;
    std::priority_queue<InFlight, std::vector<InFlight>, std::greater<>> in_flight_;
    std::uint64_t carried_ = 0;
    std::vector<std::pair<int, IpAddress>> hosts_;  // origins, with the node on whose LAN they are
    std::map<int, bool> stopped_;                   // relays that relay nothing
    std::map<int, Instant> frozen_until_;
    std::map<int, Nanos> ahead_;  // clocks
    Instant hosts_due_{};
    std::vector<Stream> streams_;
    std::map<std::size_t, int> sent_sizes_;
    std::map<int, std::vector<SeenPacket>> on_lan_;
};

}  // namespace izar
