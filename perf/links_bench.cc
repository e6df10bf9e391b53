// links_bench: what a node with many links spends on them: cycles of its lcore and of its scheduler thread.
//
// One production node on a virtual clock, one thread. Each of its peers sends a sealed keep-alive every interval, and
// now and then a part of its row; the node does the same. A JSON object a line: shares of a core at this CPU's
// clock, medians over windows of 100 ms, so that what the host takes away in between does not count.
//
//   links_bench [LINKS [SECONDS [ANSWERED]]]
//
// ANSWERED: path probes to so many of a hundred nodes are answered, the others never; default 100.
#include <fmt/format.h>
#include <immintrin.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_mempool.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/base/random.h"
#include "dataplane/io/ports.h"
#include "dataplane/lcore/data_plane.h"
#include "dataplane/wire/checksum.h"
#include "dataplane/wire/control.h"
#include "dataplane/wire/path_probe.h"
#include "perf/forward/ring_port.h"
#include "sched/scheduler.h"

namespace izar {
namespace {

using std::chrono::milliseconds;

constexpr PortIndex kWan{0};
constexpr std::uint16_t kMtu = 1'500;
constexpr milliseconds kInterval{10};
constexpr milliseconds kStep{1};
constexpr milliseconds kWindow{100};
constexpr milliseconds kSettle{3'000};  // links come up, rows are told once
constexpr std::uint32_t kPacketBuffers = 16'383;
constexpr std::size_t kBefore =  // the text of an overlay packet
    sizeof(EthernetHeader) + sizeof(Ipv4Header) + sizeof(UdpHeader) + sizeof(OverlayHeader);

IpAddress address_of(std::size_t number) {
    return IpAddress{Ipv4Address{Be32{0x0A4D0000U + static_cast<std::uint32_t>(number)}}};
}
NodeSlot slot_of(std::size_t number) {
    return NodeSlot{static_cast<std::uint16_t>(number)};
}
NodeId id_of(std::size_t number) {
    return NodeId{static_cast<std::uint16_t>(number + 1)};
}
MacAddress mac_of(std::size_t number) {
    return MacAddress{{2, 0, 0, 0, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)}};
}

// One link's keys, at both ends: the node's and the peer's, which here is the bench.
struct LinkEnds {
    ReceiveKey node_receives;
    AeadKey node_sends;
    AeadKey peer_sends;
    std::uint64_t sent = 0;  // packets of the peer
    milliseconds row_due{};
    std::size_t row_part = 0;
    std::uint16_t heard_probe = 0;
};

class ManyLinks {
  public:
    ManyLinks(std::size_t links, std::size_t answered)
        : ends_(links + 1), answered_(answered), wire_(must(RingPort::make("wan", {}))) {
        pool_ = must(make_pool("packets", kPacketBuffers));
        EdgeConfig config;
        config.ports.resize(1);
        config.ports[0].name = "wan";
        config.ports[0].device = "net_ring";
        config.ports[0].mtu = kMtu;
        ports_ = must(open_ports(config, pool_));
        make_plane();
        make_keys();
        fleet_ = std::make_shared<Fleet>();
        fleet_->version = 1;
        fleet_->self = slot_of(0);
        for (std::size_t n = 0; n < ends_.size(); ++n) {
            fleet_->nodes.push_back({id_of(n), address_of(n), "", ""});
            fleet_->slot_of_id[raw(id_of(n))] = slot_of(n);
            const NeighborIndex index = plane_->neighbors().insert(kWan, address_of(n));
            plane_->neighbors().learn(index, mac_of(n), now_ + std::chrono::hours{1});
            ends_[n].row_due = milliseconds{n % 250};
        }
        row_.resize(links);
        for (std::size_t n = 0; n < links; ++n) {
            row_[n] = {Be16{raw(id_of(n))}, Be16{0}, Be32{static_cast<std::uint32_t>(10'000 + n)}, Be16{kMtu}};
        }
        scheduler_ = std::make_unique<Scheduler>(plane_->publisher(), rings_, feed_, view_, kMtu);
        FeedUpdate update;
        update.fleet = fleet_;
        update.services = std::make_shared<const ServiceTable>(std::vector<Service>{});
        CHECK(feed_.push(std::make_shared<const FeedUpdate>(update)));
        plane_->publisher().online(on_lcore_);
    }
    ~ManyLinks() {
        plane_->publisher().offline(on_lcore_);
        close_ports(ports_);
    }
    ManyLinks(const ManyLinks&) = delete;

    struct Cycles {
        std::uint64_t lcore = 0;
        std::uint64_t scheduler = 0;
    };
    // Lets `span` of virtual time pass.
    Cycles run(milliseconds span) {
        Cycles spent;
        for (milliseconds end = passed_ + span; passed_ < end; passed_ += kStep) {
            now_ += kStep;
            send_of_peers();
            const std::uint64_t begun = __rdtsc();
            // Twice, as the keeper's tick is half as long as the step.
            for (const Nanos ago : {Nanos{kStep} / 2, Nanos{0}}) {
                while (plane_->loop(0).round(on_lcore_, {now_ - ago, nullptr}) != 0) {
                }
            }
            const std::uint64_t between = __rdtsc();
            scheduler_->do_work(OnSched::claim(), now_);
            spent.lcore += between - begun;
            spent.scheduler += __rdtsc() - between;
            collect();
        }
        return spent;
    }

    std::size_t links_up() const {
        std::size_t up = 0;
        for (std::size_t n = 1; n < ends_.size(); ++n) {
            up += plane_->links().down(slot_of(n)) ? 0 : 1;
        }
        return up;
    }
    std::uint64_t keep_alives_heard() const {
        return plane_->counted().verdicts[static_cast<std::size_t>(Verdict::keep_alive)];
    }
    std::uint64_t sent() const { return collected_; }
    std::uint64_t reports_lost() const { return plane_->counted().samples_lost; }

  private:
    template <typename T>
    static T must(Result<T> made) {
        CHECK(made.has_value() && "the bench's node can be made");
        return std::move(*made);
    }

    void make_plane() {
        Interface wan{kMtu, ports_[0].mac, {{address_of(0), 16}}, {}};
        DataPlaneOptions options{.name = "links", .random = [random = Random{1}]() mutable { return random.next(); }};
        options.memory.packet_buffers = kPacketBuffers;
        options.memory.flows = options.memory.flows_ipv6 = 1'024;
        options.links = {.interval = kInterval, .multiplier = 3};
        plane_ = must(DataPlane::make(
            options, ports_, std::make_unique<Interfaces>(std::vector<Interface>{wan}, kWan, std::vector<IpAddress>{}),
            pool_));
        rings_ = plane_->reports();
    }

    void make_keys() {
        aead_ = must(Aead::make());
        LcoreSecurity& security = plane_->states()[0]->security;
        security.aead = must(Aead::make());
        for (std::size_t n = 1; n < ends_.size(); ++n) {
            Secret secret;
            std::memcpy(secret.writable().data(), &n, sizeof n);
            aead_->expand(KeyChain(secret, 0).next(), ends_[n].peer_sends);
            aead_->expand(KeyChain(secret, 0).next(), ends_[n].node_receives.key);
            aead_->expand(KeyChain(secret, 0).next(), ends_[n].node_sends);
            ends_[n].node_receives.windows = std::make_shared<ReplayWindows>(1);
            keys_.set_receive(slot_of(n), ends_[n].node_receives.key.epoch_byte(), &ends_[n].node_receives);
            keys_.set_send(slot_of(n), &ends_[n].node_sends, 0);
        }
        security.keys = &keys_;
        security.received = &received_;
        security.to_send = &to_send_;
    }

    // The keep-alives of the peers whose turn this millisecond is.
    void send_of_peers() {
        const auto turn = static_cast<std::size_t>(passed_ / kStep) % static_cast<std::size_t>(kInterval / kStep);
        for (std::size_t n = 1; n < ends_.size(); ++n) {
            if (n % static_cast<std::size_t>(kInterval / kStep) == turn) {
                send_of(n);
            }
        }
    }

    void send_of(std::size_t n) {
        LinkEnds& end = ends_[n];
        KeepAliveView view;
        view.interval = kInterval;
        view.multiplier = 3;
        view.sent_packets = end.sent + 1;
        view.row = row_part(end);
        view.heard_probe = end.heard_probe;
        std::array<std::uint8_t, keep_alive_length(kMaxRowItems)> text;
        send_text(n, {text.data(), write_keep_alive(text, view)});
    }

    void send_text(std::size_t n, std::span<const std::uint8_t> plain) {
        rte_mbuf* m = rte_pktmbuf_alloc(pool_);
        CHECK(m != nullptr);
        LinkEnds& end = ends_[n];
        ++end.sent;
        const auto text_length = static_cast<std::uint16_t>(plain.size());
        auto* const frame = reinterpret_cast<std::uint8_t*>(
            rte_pktmbuf_append(m, static_cast<std::uint16_t>(kBefore + text_length + kTagLength)));
        std::uint8_t* const text = frame + kBefore;
        std::ranges::copy(plain, text);
        write_outer(frame, n, text_length);
        auto& header = *reinterpret_cast<OverlayHeader*>(text - sizeof(OverlayHeader));
        const AeadPacket packet{&end.peer_sends,
                                header.packet_number.value(),
                                reinterpret_cast<const std::uint8_t*>(&header),
                                text,
                                sizeof header,
                                text_length};
        aead_->seal({&packet, 1});
        CHECK(wire_->room() != 0);
        wire_->send({&m, 1});
    }

    std::span<const RowItem> row_part(LinkEnds& end) {
        if (passed_ < end.row_due) {
            return {};
        }
        const std::size_t parts = (row_.size() + kMaxRowItems - 1) / kMaxRowItems;
        const std::size_t first = end.row_part++ % parts * kMaxRowItems;
        end.row_due = passed_ + std::chrono::duration_cast<milliseconds>(kLongRowTime) / static_cast<int>(parts);
        return std::span<const RowItem>{row_}.subspan(first).first(std::min(kMaxRowItems, row_.size() - first));
    }

    void write_outer(std::uint8_t* frame, std::size_t n, std::uint16_t text_length) {
        auto& ethernet = *reinterpret_cast<EthernetHeader*>(frame);
        ethernet = {ports_[0].mac, mac_of(n), Be16{kEtherTypeIpv4}};
        auto& ip = *reinterpret_cast<Ipv4Header*>(&ethernet + 1);
        ip = {};
        ip.version_ihl = 0x45;
        const auto outer =
            static_cast<std::uint16_t>(sizeof(UdpHeader) + sizeof(OverlayHeader) + text_length + kTagLength);
        ip.total_length = Be16{static_cast<std::uint16_t>(sizeof ip + outer)};
        ip.ttl = 64;
        ip.protocol = IpProtocol::udp;
        ip.source = address_of(n).v4();
        ip.destination = address_of(0).v4();
        set_ipv4_checksum(ip);
        auto& udp = *reinterpret_cast<UdpHeader*>(&ip + 1);
        udp = {Be16{kFirstOuterPort}, Be16{kGenevePort}, Be16{outer}, Be16{0}};
        auto& header = *reinterpret_cast<OverlayHeader*>(&udp + 1);
        write_overlay_template(header, id_of(n));
        header.geneve.flags |= kGeneveControl;
        header.geneve.protocol = Be16{kEtherTypeSealed};
        header.key_epoch = ends_[n].peer_sends.epoch_byte();
        header.t_tx = header.t_echo = Be32{low_clock(now_)};  // as if the RTT were the time since the last step
        header.t_hold = Be32{0};
        header.packet_number = Be64{ends_[n].sent};
        header.ingress = Be16{raw(id_of(n))};
    }

    // Takes what the node sent; its probes of MTU and paths are answered.
    void collect() {
        rte_mbuf* m = nullptr;
        while (wire_->receive({&m, 1}) != 0) {
            if (m->data_len > kBefore + kTagLength) {
                read(m);
            }
            rte_pktmbuf_free(m);
            ++collected_;
        }
    }

    void read(rte_mbuf* m) {
        auto* const text = rte_pktmbuf_mtod_offset(m, std::uint8_t*, kBefore);
        const auto& header = *reinterpret_cast<const OverlayHeader*>(text - sizeof(OverlayHeader));
        const auto& ip = *rte_pktmbuf_mtod_offset(m, const Ipv4Header*, sizeof(EthernetHeader));
        const std::size_t n = ip.destination.bits.value() - address_of(0).v4().bits.value();
        LinkEnds& end = ends_[n];
        const AeadPacket packet{&end.node_sends,
                                header.packet_number.value(),
                                reinterpret_cast<const std::uint8_t*>(&header),
                                text,
                                sizeof header,
                                static_cast<std::uint32_t>(m->data_len - kBefore - kTagLength)};
        bool authentic = false;
        aead_->open({&packet, 1}, {&authentic, 1});
        KeepAliveView view;
        CHECK(authentic);
        const std::span<std::uint8_t> message{text, packet.text_length};
        if (is_path_probe(message)) {
            auto& probe = *reinterpret_cast<PathProbe*>(text);
            if (probe.far_end.value() % 100U >= answered_) {
                return;
            }
            probe.flags |= kPathProbeAnswer;
            send_text(n, message);  // as if the path's other nodes had done their part at once
        } else if (parse_keep_alive(message, view) && view.probe != 0) {
            end.heard_probe = view.probe;
        }
    }

    std::vector<LinkEnds> ends_;  // by slot; the node's own is not used
    std::size_t answered_;        // percent of the nodes
    std::unique_ptr<RingPort> wire_;
    rte_mempool* pool_ = nullptr;
    std::vector<Port> ports_;
    LinkKeys keys_;
    HandshakeRing received_;
    HandshakeRing to_send_;
    std::unique_ptr<Aead> aead_;
    std::unique_ptr<DataPlane> plane_;
    std::vector<LinkReportRing*> rings_;
    std::shared_ptr<Fleet> fleet_;
    std::vector<RowItem> row_;
    FeedRing feed_;
    SchedulerView view_;
    std::unique_ptr<Scheduler> scheduler_;
    OnLcore on_lcore_ = OnLcore::claim(LcoreIndex{0});
    Instant now_{std::chrono::seconds{100}};
    milliseconds passed_{};
    std::uint64_t collected_ = 0;
};

double percent_of_core(std::vector<std::uint64_t> windows) {
    std::ranges::nth_element(windows, windows.begin() + static_cast<std::ptrdiff_t>(windows.size() / 2));
    const double per_second = static_cast<double>(windows[windows.size() / 2]) * (std::chrono::seconds{1} / kWindow);
    return 100 * per_second / static_cast<double>(rte_get_tsc_hz());
}

void measure(std::size_t links, int seconds, std::size_t answered) {
    ManyLinks node(links, answered);
    node.run(kSettle);
    CHECK(node.links_up() == links);
    const std::uint64_t heard = node.keep_alives_heard();
    const std::uint64_t sent = node.sent();
    std::vector<std::uint64_t> lcore;
    std::vector<std::uint64_t> scheduler;
    for (int i = 0; i < seconds * (std::chrono::seconds{1} / kWindow); ++i) {
        const ManyLinks::Cycles spent = node.run(kWindow);
        lcore.push_back(spent.lcore);
        scheduler.push_back(spent.scheduler);
    }
    fmt::print(R"({{"links": {}, "links_up": {}, "path_probes_answered_percent": {}, )"
               R"("interval_ms": {}, "heard_pps": {}, "sent_pps": {}, )"
               R"("lcore_percent_of_core": {:.3f}, "scheduler_percent_of_core": {:.3f}, "reports_lost": {}}})"
               "\n",
               links, node.links_up(), answered, kInterval.count(),
               (node.keep_alives_heard() - heard) / static_cast<unsigned>(seconds),
               (node.sent() - sent) / static_cast<unsigned>(seconds), percent_of_core(lcore),
               percent_of_core(scheduler), node.reports_lost());
}

int number(std::string_view text, int otherwise) {
    int value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    return read.ec == std::errc{} && value > 0 ? value : otherwise;
}

}  // namespace
}  // namespace izar

int main(int argc, char** argv) {
    const std::array eal = {"links_bench", "--no-shconf", "--no-huge",      "-m",
                            "512",         "--no-pci",    "--no-telemetry", "--log-level=*:warning"};
    std::array<char*, eal.size()> arguments;
    std::ranges::transform(eal, arguments.begin(), [](const char* each) { return const_cast<char*>(each); });
    CHECK(rte_eal_init(static_cast<int>(arguments.size()), arguments.data()) >= 0);
    const int links = izar::number(argc > 1 ? argv[1] : "", 1'000);
    const int answered = izar::number(argc > 3 ? argv[3] : "", 100);
    izar::measure(static_cast<std::size_t>(std::min(links, 1'023)), izar::number(argc > 2 ? argv[2] : "", 5),
                  static_cast<std::size_t>(std::min(answered, 100)));
    return 0;
}
