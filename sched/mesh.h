// mesh.h -- Mesh: what this node knows of every link of the fleet, and since when.
//
// Thread: one thread (in izar-edge the scheduler thread); time is a parameter.
//
// Own links come from the lcores at full resolution (LinkEstimate). Other nodes' links come from their keep-alives
// (peer rows) and from the feed; the fresher of the two counts. An item is forgotten when its source goes
// on talking but no longer about it; when the source itself is silent (the controller is away, or our link
// to the peer is cut) the item is frozen as it was. Unknown is never good: it has no cost that could win.
//
// A path that died under this node's own probes casts suspicion on its links, whatever their ends say of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "dataplane/base/types.h"
#include "dataplane/tables/fleet.h"
#include "probes/link_report.h"
#include "sched/feed.h"
#include "sched/link_estimate.h"
#include "sched/policy.h"

namespace izar {

enum class ItemSource : std::uint8_t { none, own, peer_row, feed };

// One link as it is known now.
struct LinkView {
    LinkState state = LinkState::unknown;
    ItemSource source = ItemSource::none;
    Hold hold = Hold::none;  // of other nodes' links: it shrank, or is suspect
    bool stale = false;      // frozen: its source is silent
    Nanos rtt{};
    Nanos variation{};
    double loss = 0;  // 0..1, of packets in the other direction, as the near node counts them, or of a round trip
    std::uint64_t count = 0;  // samples behind it
    std::uint32_t epoch = 0;  // life of its source in which it was told: so often it fell silent before
    Instant at{};
    std::uint16_t mtu = 0;  // bytes of an IP packet on the underlay, 0: not known
};

// What goes out on a link, as it is known now.
struct BandwidthView {
    Bandwidth value;  // count 0: not known
    Instant at{};
};

// A link whose view may have changed.
struct LinkChange {
    NodeSlot from = kNoSlot;
    NodeSlot to = kNoSlot;
};

class Mesh {
  public:
    static constexpr Nanos kRowLifetime = std::chrono::seconds{5};    // rows come once a second
    static constexpr Nanos kFeedLifetime = std::chrono::seconds{15};  // the feed's rhythm is 5 s
    // After the last report of a dead path, which comes once a second: its links but the first are used only where
    // nothing else is left. They may be alive, and their near end not willing to relay.
    static constexpr Nanos kSuspicion = std::chrono::seconds{5};
    static constexpr Nanos kTogether = std::chrono::milliseconds{100};
    static constexpr Nanos kPatience = std::chrono::milliseconds{250};

    // Forgets everything about slots whose node changed; keeps the rest.
    void set_fleet(const Fleet& fleet);

    void take(const LinkReport& report);
    // The dynamic part only. Items about unknown nodes are ignored and counted.
    void take(const FeedUpdate& update, Instant now);

    LinkView link(NodeSlot from, NodeSlot to, Instant now) const;
    // 0..1: the chance that a packet or its answer is lost, from what both ends count or as the feed tells it.
    double round_trip_loss(NodeSlot from, NodeSlot to) const;
    // Of other nodes' links as the feed tells it; old in a live feed is not known.
    BandwidthView bandwidth(NodeSlot from, NodeSlot to, Instant now) const;
    const LinkEstimate& own_link(NodeSlot to) const { return own_[raw(to)]; }
    // Whether this node hears nobody since less than kPatience, and its last links fell silent within kTogether: then
    // it is likelier deaf for a moment itself (its port, its host, its hypervisor) than alone in the world.
    bool is_deaf(Instant now) const noexcept;
    const NodeLoad* load(NodeSlot node, Instant now) const noexcept;  // null: unknown
    bool withdrawn(NodeSlot node) const noexcept { return withdrawn_[raw(node)]; }

    NodeSlot self() const noexcept { return self_; }
    std::size_t nodes() const noexcept { return own_.size(); }
    bool feed_is_live() const noexcept { return feed_life_ == FeedLife::live; }
    std::uint64_t ignored_items() const noexcept { return ignored_items_; }

    // Links whose view may have changed since the last call, some of them twice: those touched and, unless `rows` is
    // 0, this node's own and those of `rows` further nodes in turn, because items age and move a little. The span is
    // valid until the next call.
    std::span<const LinkChange> changes(std::size_t rows);
    // Whether nodes or the feed's life changed since the last call, which may touch every link.
    bool everything_changed() noexcept;
    // Whether loads of nodes were told since the last call.
    bool loads_changed() noexcept;
    // Whether something happened since the last call that does not wait: a link died or came back, or a path died.
    // What is only told again is none of it.
    bool is_pressing() noexcept;
    // Whether the size of packets that some link carries changed since the last call.
    bool sizes_changed() noexcept;

  private:
    struct Item {
        Instant at{};
        std::uint32_t rtt_us = 0;  // kUnreachableRtt: down
        std::uint32_t variation_us = 0;
        float loss = 0;
        std::uint32_t count = 0;
        std::uint16_t mtu = 0;  // as in a RowItem, kRowShrunk included
        std::uint16_t epoch = 0;
        ItemSource source = ItemSource::none;
        bool round_trip = false;  // loss is
        bool suspect = false;     // for how long stands in suspects_
    };
    struct Traffic {
        Instant at{};
        BitRate used = kNoRate;
        std::uint32_t count = 0;
    };
    struct Load {
        Instant at{};
        NodeLoad load;
        bool known = false;
    };

    Item& item(NodeSlot from, NodeSlot to) { return items_[place(from, to)]; }
    const Item& item(NodeSlot from, NodeSlot to) const { return items_[place(from, to)]; }
    void take_bandwidth(NodeSlot from, NodeSlot to, const Bandwidth& bandwidth, Instant at);
    bool row_is_live(NodeSlot from) const noexcept;
    void touch(NodeSlot from, NodeSlot to);
    void take_row(const LinkReport& report);
    void take_path(const LinkReport& report);
    void cast_suspicion(NodeSlot from, NodeSlot to, Instant at);
    void end_suspicions(Instant now);
    bool suspect(NodeSlot from, NodeSlot to, Instant now) const noexcept;
    static bool died(const Item& before, const Item& after) noexcept;
    static bool moved_little(const Item& before, const Item& after) noexcept;
    std::uint32_t place(NodeSlot from, NodeSlot to) const noexcept {
        return static_cast<std::uint32_t>(raw(from) * own_.size() + raw(to));
    }
    void take_link(const FeedLink& link, Instant now);
    void set_withdrawn(NodeId node, bool withdrawn);
    NodeSlot slot(NodeId id) const noexcept { return slot_of_id_.empty() ? kNoSlot : slot_of_id_[raw(id)]; }

    NodeSlot self_ = kNoSlot;
    FeedLife feed_life_ = FeedLife::silent;
    Instant feed_life_since_{};
    std::uint16_t feed_epoch_ = 0;  // times that it fell silent
    bool everything_changed_ = false;
    bool loads_changed_ = false;
    bool sizes_changed_ = false;
    bool pressing_ = false;
    std::vector<NodeSlot> slot_of_id_;
    std::vector<NodeId> ids_;                              // by slot
    std::vector<LinkEstimate> own_;                        // by slot of the far node
    std::vector<Item> items_;                              // by near, far slot
    std::vector<Traffic> traffic_;                         // by near, far slot; empty until the feed tells any
    std::vector<Load> loads_;                              // by slot
    std::vector<bool> withdrawn_;                          // by slot
    std::unordered_map<std::uint32_t, Instant> suspects_;  // links of dead paths by place(), and until when
    Instant suspects_reviewed_{};
    std::vector<LinkChange> touched_;  // since the last changes()
    std::vector<LinkChange> given_;    // what changes() returned
    std::size_t next_row_ = 0;
    std::uint64_t ignored_items_ = 0;
};

}  // namespace izar
