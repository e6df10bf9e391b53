// forwarder.h -- Forwarder: what runs on the measured lcore: izar's loop, or the null control in its place.
//
// Thread: run() is the measured lcore's; everything else belongs to the generator's thread, also while it runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "perf/forward/cycle_histogram.h"
#include "perf/forward/node.h"

namespace izar {

// A round that took longer was interrupted: another program had the core. Left out of the cycles, and counted.
inline constexpr Nanos kInterrupted = std::chrono::microseconds{100};

// Counts since start, of the same rounds up to the one under way.
struct Progress {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    std::uint64_t lost = 0;  // dropped or consumed, with a verdict
    std::uint64_t made = 0;  // by the node itself
    // Of rounds that had packets and were not interrupted:
    std::uint64_t timed_packets = 0;
    std::uint64_t timed_cycles = 0;
    std::uint64_t interrupted = 0;  // rounds that were

    Progress since(const Progress& earlier) const noexcept;
};

// The cycles of rounds, written by the measured lcore, read by the generator's thread.
class RoundMeter {
  public:
    explicit RoundMeter(const TscClock& clock) noexcept
        : longest_(static_cast<std::uint64_t>(static_cast<double>(clock.hertz()) *
                                              std::chrono::duration<double>(kInterrupted).count())) {}
    void add(unsigned packets, std::uint64_t cycles) noexcept;
    void read(Progress& out) const noexcept;
    // Cycles of all rounds that had packets, interrupted ones too. Read when the lcore has ended.
    const CycleHistogram& histogram() const noexcept { return histogram_; }

  private:
    std::uint64_t longest_;
    std::atomic<std::uint64_t> packets_{0};
    std::atomic<std::uint64_t> cycles_{0};
    std::atomic<std::uint64_t> interrupted_{0};
    CycleHistogram histogram_;
};

class Forwarder {
  public:
    static constexpr unsigned kLcore = 1;  // EAL's, of the first one that is measured

    explicit Forwarder(const TscClock& clock) noexcept : meter_(clock) {}
    virtual ~Forwarder() = default;
    virtual void run() noexcept = 0;  // until quit()
    virtual Progress progress() const noexcept = 0;
    virtual void quit() noexcept { quit_.store(true, std::memory_order_relaxed); }
    const RoundMeter& meter() const noexcept { return meter_; }

    // Starts run() on an EAL lcore that does nothing; ends it there.
    void start(unsigned eal_lcore = kLcore);
    void stop(unsigned eal_lcore = kLcore);

  protected:
    // Calls round(cycles when it starts) -> packets until quit(), each call timed.
    template <typename Round>
    void run_rounds(Round&& round) noexcept {
        std::uint64_t last = __rdtsc();
        while (!quit_.load(std::memory_order_relaxed)) {
            last = time_round(round, last);
        }
    }
    // Calls round(last), `last` being the cycles when it starts; returns the cycles when it ended.
    template <typename Round>
    std::uint64_t time_round(Round&& round, std::uint64_t last) noexcept {
        const unsigned packets = round(last);
        const std::uint64_t done = __rdtsc();
        if (packets != 0) {
            meter_.add(packets, done - last);
        }
        return done;
    }

  private:
    RoundMeter meter_;
    std::atomic<bool> quit_{false};
};

// izar: rounds of LcoreLoop as LcoreLoop::run makes them, packets counted by the lcore's own snapshots.
class IzarForwarder final : public Forwarder {
  public:
    IzarForwarder(TestNode& node, const TscClock& clock, unsigned lcore = 0)
        : Forwarder(clock), node_(node), clock_(clock), lcore_(lcore) {}
    void run() noexcept override;
    Progress progress() const noexcept override;

    // For a caller whose thread is the lcore's for now and does other work between two rounds:
    void join() noexcept { node_.publisher().online(on_lcore_); }
    void round() noexcept;
    void leave() noexcept { node_.publisher().offline(on_lcore_); }

  private:
    TestNode& node_;
    const TscClock& clock_;
    unsigned lcore_;
    OnLcore on_lcore_ = OnLcore::claim(static_cast<LcoreIndex>(lcore_));
};

// izar as it runs in production, LcoreLoop::run with its naps. Cycles per packet are those of its busy rounds, pauses
// included, and it has no histogram of rounds.
class NappingForwarder final : public Forwarder {
  public:
    NappingForwarder(TestNode& node, const TscClock& clock) : Forwarder(clock), node_(node), clock_(clock) {
        node_.control().quit.store(false, std::memory_order_relaxed);
    }
    void run() noexcept override;
    void quit() noexcept override;
    Progress progress() const noexcept override;

  private:
    TestNode& node_;
    const TscClock& clock_;
};

// What takes izar's place: from one port to the other, packets counted here.
class PassingForwarder : public Forwarder {
  public:
    PassingForwarder(std::uint16_t from, std::uint16_t to, const TscClock& clock)
        : Forwarder(clock), from_(from), to_(to) {}
    Progress progress() const noexcept final;

  protected:
    std::uint16_t receive(std::span<rte_mbuf*, kMaxBurst> frames) noexcept;
    // Sends the first `kept` of the `received` frames; the others the caller has freed.
    void send(std::span<rte_mbuf*> frames, std::uint16_t kept, std::uint16_t received) noexcept;

  private:
    std::uint16_t from_;
    std::uint16_t to_;
    std::atomic<std::uint64_t> received_{0};
    std::atomic<std::uint64_t> lost_{0};
};

// The null control: receive a burst, send it, nothing between.
class NullForwarder final : public PassingForwarder {
  public:
    using PassingForwarder::PassingForwarder;
    void run() noexcept override;
};

}  // namespace izar
