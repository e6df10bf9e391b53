#include "perf/forward/forwarder.h"

#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_mbuf.h>

#include <array>

#include "dataplane/base/check.h"

namespace izar {
namespace {

void add(std::atomic<std::uint64_t>& word, std::uint64_t n) noexcept {
    word.store(word.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

// What the lcore's own snapshot says.
Progress progress_of(const LcoreCounters& counters) noexcept {
    Progress out;
    out.received = counters.rx;
    out.sent = counters.tx;
    out.lost = counters.total(Fate::dropped) + counters.total(Fate::consumed);
    out.made = counters.made;
    return out;
}

}  // namespace

Progress Progress::since(const Progress& earlier) const noexcept {
    return {received - earlier.received,
            sent - earlier.sent,
            lost - earlier.lost,
            made - earlier.made,
            timed_packets - earlier.timed_packets,
            timed_cycles - earlier.timed_cycles,
            interrupted - earlier.interrupted};
}

void RoundMeter::add(unsigned packets, std::uint64_t cycles) noexcept {
    histogram_.add(cycles);
    if (cycles > longest_) {
        izar::add(interrupted_, 1);
        return;
    }
    izar::add(packets_, packets);
    izar::add(cycles_, cycles);
}

void RoundMeter::read(Progress& out) const noexcept {
    out.timed_packets = packets_.load(std::memory_order_relaxed);
    out.timed_cycles = cycles_.load(std::memory_order_relaxed);
    out.interrupted = interrupted_.load(std::memory_order_relaxed);
}

void Forwarder::start(unsigned eal_lcore) {
    const auto run = [](void* forwarder) {
        static_cast<Forwarder*>(forwarder)->run();
        return 0;
    };
    CHECK(rte_eal_remote_launch(run, this, eal_lcore) == 0);
}

void Forwarder::stop(unsigned eal_lcore) {
    quit();
    rte_eal_wait_lcore(eal_lcore);
}

void IzarForwarder::run() noexcept {
    join();
    run_rounds([&](std::uint64_t cycles) { return node_.loop(lcore_).round(on_lcore_, {clock_.at(cycles), &clock_}); });
    leave();
}

void IzarForwarder::round() noexcept {
    time_round(
        [&](std::uint64_t cycles) {
            return node_.loop(lcore_).round(on_lcore_, {clock_.at(cycles), &clock_});
        },
        __rdtsc());
}

Progress IzarForwarder::progress() const noexcept {
    Progress out = progress_of(node_.state(lcore_).snapshot.read());
    meter().read(out);
    return out;
}

void NappingForwarder::run() noexcept {
    node_.loop().run(clock_);
}

void NappingForwarder::quit() noexcept {
    node_.control().quit.store(true, std::memory_order_relaxed);
}

Progress NappingForwarder::progress() const noexcept {
    const LcoreCounters counters = node_.state().snapshot.read();
    Progress out = progress_of(counters);
    out.timed_packets = counters.rx;
    out.timed_cycles = counters.busy_cycles;
    return out;
}

std::uint16_t PassingForwarder::receive(std::span<rte_mbuf*, kMaxBurst> frames) noexcept {
    return rte_eth_rx_burst(from_, 0, frames.data(), kMaxBurst);
}

void PassingForwarder::send(std::span<rte_mbuf*> frames, std::uint16_t kept, std::uint16_t received) noexcept {
    const std::uint16_t sent = kept != 0 ? rte_eth_tx_burst(to_, 0, frames.data(), kept) : kept;
    if (sent < kept) {
        rte_pktmbuf_free_bulk(&frames[sent], kept - sent);
    }
    if (sent < received) {
        add(lost_, static_cast<std::uint64_t>(received - sent));
    }
    add(received_, received);
}

Progress PassingForwarder::progress() const noexcept {
    Progress out;
    out.received = received_.load(std::memory_order_relaxed);
    out.lost = lost_.load(std::memory_order_relaxed);
    out.sent = out.received - out.lost;
    meter().read(out);
    return out;
}

void NullForwarder::run() noexcept {
    run_rounds([this](std::uint64_t) {
        std::array<rte_mbuf*, kMaxBurst> frames;
        const std::uint16_t n = receive(frames);
        if (n != 0) {
            send(frames, n, n);
        }
        return unsigned{n};
    });
}

}  // namespace izar
