// layout.h -- What lies in the memory that izar-agent and izar-edge share: one definition, both include it.
//
// A file of kSharedBytes, mapped by both. Offsets in bytes:
//
//   | from    | what                                                           | written by |
//   | 0       | magic, layout version, size of the file                        | the first to open it |
//   | 64      | agent's mark: boot, heartbeat, newest minor version it speaks  | izar-agent |
//   | 128     | edge's mark: the same                                          | izar-edge  |
//   | 4,096   | down: ring of kRingMessages messages                           | izar-agent |
//   | then    | up: ring of kRingMessages messages                             | izar-edge  |
//
// What may change: a new kind of message, and new fields at the end of a body (absent is zero), raise the minor
// version; receivers skip kinds they do not know. Whatever else changes is another layout, under another file name
// (shared_path), so that two programs never read each other's memory by different definitions.
//
// Thread: in each process one; the two meet only here.
#pragma once

#include <atomic>
#include <boost/lockfree/policies.hpp>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace izar::ring {

inline constexpr std::uint64_t kMagic = 0x697A61722D726E67;  // "izar-rng"
inline constexpr std::uint32_t kLayoutVersion = 1;
inline constexpr std::uint32_t kMinorVersion = 9;
inline constexpr std::uint32_t kBellMinorVersion = 9;   // that rings the bell of a side that sleeps
inline constexpr std::uint32_t kStampMinorVersion = 5;  // that knows stamp_task
inline constexpr std::size_t kRingMessages = 4095;      // Boost keeps one more, free, to tell full from empty
inline constexpr std::size_t kBodyBytes = 120;
inline constexpr std::size_t kNameBytes = 32;
inline constexpr std::size_t kMostConfigText = 4'096;  // bytes of each of ConfigHead's two texts

enum class Kind : std::uint16_t {
    none = 0,
    // Both ways, first of every life of either side: what came before it belongs to a former life.
    hello = 1,
    // Down. A static update is begin, any number of the others, commit; it counts from its commit on, as a whole.
    static_begin = 16,
    static_node = 17,
    static_service = 18,
    static_egress = 19,  // of the service before it
    static_origin = 20,  // of the service before it
    static_secret = 21,
    static_commit = 22,
    feed_life = 23,
    feed_link = 24,
    feed_load = 25,
    feed_node = 26,
    static_policy = 27,  // the next part of the text
    stamp_task = 28,     // a STAMP session to be sent (minor version 5)
    // Up.
    static_taken = 48,
    own_link = 49,
    own_row_end = 50,
    stamp_result = 51,  // what came of a stamp_task so far
    own_leg = 52,       // of the row that ends next; one not told was not measured (minor version 6)
    config_head = 53,   // what came of izar-edge's configuration; its texts follow (minor version 7)
    config_text = 54,   // the next part of them
};

struct Hello {
    std::uint64_t from;  // boot of who speaks
    std::uint64_t to;    // boot of who is spoken to
};
struct StaticBegin {
    std::uint64_t version;
    std::uint16_t self;  // node id of this node
    std::uint16_t nodes;
    std::uint16_t services;
    std::uint16_t secrets;
    std::uint32_t policy_bytes;  // of routing-policy.yaml; 0: there is none
    std::uint32_t pad;
};
struct StaticNode {
    std::uint16_t id;
    std::uint8_t family;  // 4 or 6
    std::uint8_t pad[5];
    std::uint8_t address[16];
    char name[kNameBytes];
    char region[kNameBytes];
};
struct StaticService {
    std::uint32_t id;
    std::uint8_t family;
    std::uint8_t transport;
    std::uint16_t first_port;
    std::uint16_t last_port;
    std::uint8_t duplicate;  // 0 or 1
    std::uint8_t pad;
    std::uint32_t timeouts_ms[5];  // TCP opening, established, closing; UDP; ICMP
    std::uint8_t vip[16];
    char name[kNameBytes];
};
struct StaticEgress {
    std::uint16_t node;
    std::uint16_t pad;
    std::uint32_t weight;
};
struct StaticOrigin {
    std::uint8_t address[16];
    std::uint8_t family;
    std::uint8_t pad;
    std::uint16_t port;
    std::uint32_t weight;
};
struct StaticSecret {
    std::uint16_t peer;
    std::uint8_t has_former;  // 0 or 1 (minor version 8)
    std::uint8_t pad[5];
    std::uint8_t secret[32];
    std::uint8_t former[32];  // what `secret` replaces, and the peer may still have (minor version 8)
};
struct StaticPolicy {
    std::uint16_t bytes;  // of text
    char text[kBodyBytes - 2];
};
struct StaticCommit {
    std::uint64_t version;
};
// After a whole row of own links.
struct RowEnd {
    std::uint64_t version;        // of the static data whose nodes it is about
    std::uint64_t flows_and_one;  // one more than the flows and sessions held; 0: not told (minor version 2)
    std::uint16_t stamp_port;     // where the STAMP probes of all nodes are answered; 0: they are not (minor version 6)
    std::uint8_t pad[6];
};
// RTT between this node and what is outside the overlay.
struct OwnLeg {
    std::uint8_t leg;     // 0: clients, 1: origins
    std::uint8_t source;  // 0: TCP handshakes, 1: TCP timestamps
    std::uint8_t pad[2];
    std::uint32_t samples;  // of a minute at most; never 0
    std::uint32_t least_us;
    std::uint32_t mean_us;
    std::uint32_t variation_us;
    std::uint32_t age_ms;  // of the newest sample
};
struct FeedLifeBody {
    std::uint8_t live;
    std::uint8_t pad[7];
};
// A link as somebody measured it: feed_link down, own_link up (where `from` is this node).
struct Link {
    std::uint16_t from;
    std::uint16_t to;
    std::uint8_t reachable;
    std::uint8_t round_trip;  // 1: loss is of a packet or its answer
    std::uint8_t pad[2];
    std::uint32_t rtt_us;
    std::uint32_t variation_us;
    std::uint32_t loss_ppm;
    std::uint32_t count;
    std::uint32_t age_ms;
    std::uint32_t windows;       // behind used_bps; 0: not told (minor version 4)
    std::uint64_t used_bps;      // goes out on the link
    std::uint64_t capacity_bps;  // of the uplink of `from`; 0: not known
};
struct Load {
    std::uint16_t node;
    std::uint8_t pad[6];
    double cpu_percent;
    double cpu_variance;
    double mean_excess;
    double variance_excess;
    double mean_queue;
    double variance_queue;
    double price;
    std::uint64_t used_bps;      // goes out on all links (minor version 4)
    std::uint64_t capacity_bps;  // of the uplink; 0: not known
    double egress_percent;       // of its weight at which it gets new flows as an egress; 0: not told, 100
};
struct FeedNodeBody {
    std::uint16_t node;
    std::uint8_t withdrawn;  // 0: in use again
    std::uint8_t pad[5];
};

struct StampTask {
    std::uint64_t task;  // the agent's number of it, never 0
    std::uint8_t address[16];
    std::uint8_t family;  // 4 or 6
    std::uint8_t pad;
    std::uint16_t port;
    std::uint32_t interval_us;
    std::uint32_t count;  // probes, 1 to kMostStampProbes: whoever asked may be gone before it is over
    std::uint32_t pad2;
};
inline constexpr std::uint32_t kMostStampProbes = 1'000;
struct StampResult {
    std::uint64_t task;
    std::uint32_t sent;
    std::uint32_t samples;
    std::uint32_t lost;
    std::uint32_t over;  // 1: nothing more follows; with sent == 0 it was refused
    std::uint32_t least_us;
    std::uint32_t mean_us;
    std::uint32_t variation_us;
    std::uint32_t age_ms;  // of the newest sample
};

// Of texts there are first the keys that wait for a restart, each ended by a line break, then the problem.
struct ConfigHead {
    std::uint64_t generation;   // never 0
    std::int64_t read_again_s;  // since 1970; 0: never
    std::uint16_t keys_bytes;
    std::uint16_t problem_bytes;
    std::uint8_t pad[4];
};
struct ConfigText {
    std::uint16_t bytes;  // of text
    char text[kBodyBytes - 2];
};

struct Message {
    Kind kind = Kind::none;
    std::uint16_t length = 0;  // of the body, for whoever looks at memory
    std::uint32_t pad = 0;
    alignas(8) std::byte body[kBodyBytes]{};
};
static_assert(sizeof(Message) == 128 && std::is_trivially_copyable_v<Message>);

template <typename Body>
concept FitsBody = std::is_trivially_copyable_v<Body> && std::has_unique_object_representations_v<Body> &&
                   sizeof(Body) <= kBodyBytes;
static_assert(FitsBody<Hello> && FitsBody<StaticBegin> && FitsBody<StaticNode> && FitsBody<StaticService> &&
              FitsBody<StaticEgress> && FitsBody<StaticOrigin> && FitsBody<StaticSecret> && FitsBody<StaticPolicy> &&
              FitsBody<StaticCommit> && FitsBody<RowEnd> && FitsBody<FeedLifeBody> && FitsBody<Link> &&
              FitsBody<FeedNodeBody> && FitsBody<StampTask> && FitsBody<StampResult> && FitsBody<OwnLeg> &&
              FitsBody<ConfigHead> && FitsBody<ConfigText>);
static_assert(std::is_trivially_copyable_v<Load> && sizeof(Load) == 88, "no hole; doubles have no unique form");
static_assert(sizeof(StaticNode) == 88 && sizeof(StaticService) == 80 && sizeof(StaticSecret) == 72 &&
              sizeof(Link) == 48);

// What one side says of itself, without asking the other.
struct alignas(64) Mark {
    std::atomic<std::uint64_t> boot;       // random, a process life; 0: never there
    std::atomic<std::uint64_t> heartbeat;  // counts up while the side is alive
    std::atomic<std::uint32_t> minor_version;
    std::atomic<std::uint32_t> asleep;  // 1: whoever sends sets it to 0 and rings the bell
};
static_assert(sizeof(Mark) == 64);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free);

using Queue = boost::lockfree::spsc_queue<Message, boost::lockfree::capacity<kRingMessages>>;

struct Head {
    std::atomic<std::uint64_t> magic;  // written last: what is before it is there
    std::uint32_t layout_version;
    std::uint32_t size;
    Mark agent;
    Mark edge;
};
static_assert(offsetof(Head, agent) == 64 && offsetof(Head, edge) == 128 && sizeof(Head) == 192);

// Boost's queue has no standard layout, so its place is asserted where it is mapped (ring_end.cc).
struct Shared {
    Head head;
    alignas(4096) Queue down;
    alignas(64) Queue up;
};
inline constexpr std::size_t kSharedBytes = sizeof(Shared);

}  // namespace izar::ring
