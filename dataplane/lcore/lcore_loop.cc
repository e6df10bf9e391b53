#include "dataplane/lcore/lcore_loop.h"

#include <rte_ethdev.h>
#include <sys/prctl.h>
#include <time.h>

#include <algorithm>
#include <span>

#include "dataplane/io/resolve.h"
#include "dataplane/stages/families.h"
#include "dataplane/stages/pipeline.h"
#include "dataplane/stages/send.h"

namespace izar {
namespace {

constexpr Nanos kSweepInterval = std::chrono::milliseconds{1};
constexpr Nanos kConfirmTick = std::chrono::milliseconds{100};
constexpr std::uint32_t kSweepLeast = 16;      // entries looked at in one sweep, at least
constexpr std::uint32_t kSweepRounds = 4'000;  // sweeps that visit a whole table: one pass in 4 s

// Empty rounds before the first nap, so that a gap inside a busy stream costs no nap's latency.
constexpr unsigned kPatience = 64;
constexpr long kFirstNapNs = 200'000;
constexpr long kNapStepNs = 100'000;
constexpr long kLongestNapNs = 800'000;  // with the kernel's wake-up below the 1 ms that idle nodes may add

void nap(long ns) noexcept {
    const timespec duration{0, ns};
    nanosleep(&duration, nullptr);
}

}  // namespace

void LcoreLoop::run(const TscClock& clock) noexcept {
    prctl(PR_SET_TIMERSLACK, 1);
    const OnLcore on_lcore = OnLcore::claim(state_.index);
    publisher_.online(on_lcore);
    unsigned empty = 0;
    long nap_ns = kFirstNapNs;
    std::uint64_t last = __rdtsc();
    while (!control_.quit.load(std::memory_order_relaxed)) {
        const unsigned packets = round(on_lcore, {clock.at(last), &clock});
        const std::uint64_t done = __rdtsc();
        state_.counters.all_cycles += done - last;
        ++state_.counters.rounds;
        if (packets != 0) {
            state_.counters.busy_cycles += done - last;
            ++state_.counters.busy_rounds;
            empty = 0;
            nap_ns = kFirstNapNs;
        } else if (idle_ == IdleMode::sleep && ++empty > kPatience) {
            publisher_.offline(on_lcore);
            nap(nap_ns);
            publisher_.online(on_lcore);
            nap_ns = std::min(nap_ns + kNapStepNs, kLongestNapNs);
            const std::uint64_t awake = __rdtsc();
            state_.counters.all_cycles += awake - done;
            last = awake;
            continue;
        }
        last = done;
    }
    publisher_.offline(on_lcore);
    publish_snapshot();
}

unsigned LcoreLoop::round(const OnLcore& on_lcore, RoundTime time) noexcept {
    publisher_.quiescent(on_lcore);
    const Published& published = publisher_.read(on_lcore);
    if (published.fleet == nullptr || !control_.forwarding.load(std::memory_order_relaxed)) {
        return 0;
    }
    if (published.fleet->version != fleet_version_ || fleet_ == nullptr) {
        state_.sender.rebuild(*published.fleet);
        fleet_ = published.fleet.get();
        fleet_version_ = published.fleet->version;
    }
    note_pause(time.now());
    state_.ports4.begin_round();
    state_.ports6.begin_round();
    const unsigned packets = receive(published, time) + receive_handed(published, time.now());
    housekeep(published, time.now());
    state_.tx.flush_all();
    publish_snapshot();
    return packets;
}

// A gap between two rounds that is longer than any nap: somebody else had the core.
void LcoreLoop::note_pause(Instant now) noexcept {
    const Nanos gap = now - last_round_;
    if (last_round_ != Instant{} && gap > kOwnStall) {
        ++state_.counters.pauses;
        state_.counters.longest_pause_ns =
            std::max(state_.counters.longest_pause_ns, static_cast<std::uint64_t>(gap.count()));
    }
    last_round_ = now;
}

unsigned LcoreLoop::receive(const Published& published, RoundTime& time) noexcept {
    unsigned packets = 0;
    for (std::size_t i = 0; i < state_.shared.ports.size(); ++i) {
        packets += receive_port(i, published, time);
    }
    return packets;
}

unsigned LcoreLoop::receive_port(std::size_t index, const Published& published, RoundTime& time) noexcept {
    const Port& port = state_.shared.ports[index];
    const auto queue = static_cast<std::uint16_t>(raw(state_.index));
    if (queue >= port.queues) {
        return 0;
    }
    const std::size_t wanted = control_.burst.load(std::memory_order_relaxed);
    const std::uint16_t n =
        rte_eth_rx_burst(port.dpdk_id, queue, received_.data(), static_cast<std::uint16_t>(wanted * kBurstsARound));
    if (n == 0) {
        return 0;
    }
    time.read_clock();
    state_.counters.ports[index].rx_packets += n;
    const bool overlay = raw(state_.shared.interfaces.overlay_port()) == index;
    const auto burst_from = [&](std::size_t at) {
        const auto rest = std::span{received_}.first(n).subspan(std::min<std::size_t>(at, n));
        return rest.first(std::min(rest.size(), wanted));
    };
    Ahead{burst_from(0), overlay}.fetch_all();
    for (std::size_t at = 0; at < n; at += wanted) {
        const auto packets = burst_from(at);
        std::ranges::copy(packets, burst_.mbuf.begin());
        burst_.reset_to(static_cast<unsigned>(packets.size()));
        burst_.ahead = Ahead{burst_from(at + wanted), overlay};
        process(port, PortIndex{static_cast<std::uint8_t>(index)}, published, time.now());
    }
    return n;
}

void LcoreLoop::process(const Port& port, PortIndex index, const Published& published, Instant now) noexcept {
    PortCounters& count = state_.counters.ports[raw(index)];
    for (unsigned lane = 0; lane < burst_.size; ++lane) {
        count.rx_bytes += burst_.mbuf[lane]->pkt_len;
        burst_.note[lane].port = index;
    }
    if (port.physical != kNoPort) {
        forward_from_kernel(port.physical);
    } else {
        process_frames(burst_, state_, published, now);
    }
}

// What the kernel sends into a TAP leaves by the port that the TAP stands for, as it is.
void LcoreLoop::forward_from_kernel(PortIndex to) noexcept {
    state_.counters.rx += burst_.size;
    for (unsigned lane = 0; lane < burst_.size; ++lane) {
        burst_.port[lane] = to;
        burst_.out.add(lane);
    }
    transmit(burst_, state_);
}

unsigned LcoreLoop::receive_handed(const Published& published, Instant now) noexcept {
    unsigned packets = 0;
    for (std::size_t from = 0; from < state_.shared.lcores; ++from) {
        const LcoreIndex other{static_cast<std::uint8_t>(from)};
        if (other == state_.index) {
            continue;
        }
        // As many as the other lcore may take from a port in one of its rounds.
        unsigned n = kMaxBurst;
        for (std::size_t burst = 0; burst < kBurstsARound && n == kMaxBurst; ++burst) {
            n = state_.shared.hand_over.take(other, state_.index, burst_.mbuf);
            if (n != 0) {
                burst_.reset_to(n);
                process_handed(burst_, state_, published, now);
                packets += n;
            }
        }
    }
    return packets;
}

void LcoreLoop::housekeep(const Published& published, Instant now) noexcept {
    state_.keeper.tick(state_, published, now);
    state_.prober.tick(state_, published, now);
    if (state_.stamp_prober != nullptr) {
        state_.stamp_prober->tick(state_, now);
    }
    if (state_.held.size() != 0) {
        review_held(state_, now);
    }
    state_.window.serve(state_.flows4, state_.flows6, now);
    if (now - last_sweep_ >= kSweepInterval) {
        last_sweep_ = now;
        forget_idle_flows(published, now);
    }
    if (raw(state_.index) == 0 && now - last_confirm_ >= kConfirmTick) {
        last_confirm_ = now;
        confirm_neighbors(state_, now);
    }
}

void LcoreLoop::forget_idle_flows(const Published& published, Instant now) noexcept {
    const ServiceTable& services = *published.services;
    const auto timeout_of = [&](const auto& flow) -> Nanos {
        const int index = services.find(flow.service);
        // A flow of a service that was taken away has nothing to wait for.
        return index < 0 ? Nanos{0} : flow_timeout(flow.protocol, flow.tcp_state, services[index].timeouts);
    };
    const auto ignore = [](const auto&) {};
    const auto budget = [](const auto& flows) { return kSweepLeast + flows.capacity() / kSweepRounds; };
    state_.flows4.sweep(now, budget(state_.flows4), timeout_of, ignore);
    state_.flows6.sweep(now, budget(state_.flows6), timeout_of, ignore);
}

void LcoreLoop::publish_snapshot() noexcept {
    state_.counters.flows = state_.flows4.size() + state_.flows6.size();
    state_.counters.flow_capacity = state_.flows4.capacity() + state_.flows6.capacity();
    state_.counters.flows_refused = state_.flows4.exhausted();
    state_.counters.flows_ipv6_refused = state_.flows6.exhausted();
    state_.counters.nat_ports_refused = state_.ports4.exhausted() + state_.ports6.exhausted();
    state_.counters.samples_lost = state_.receiver.lost_reports();
    state_.snapshot.publish(state_.counters, state_.shared.ports.size());
}

}  // namespace izar
