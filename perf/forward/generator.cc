#include "perf/forward/generator.h"

#include <rte_mempool.h>

#include <algorithm>
#include <array>
#include <span>

#include "dataplane/base/limits.h"

namespace izar {

Generator::Generator(const Scenario& scenario, Wire& in, Wire& wan, Wire& lan, rte_mempool* pool, const MacAddress& mac,
                     const TscClock& clock)
    : scenario_(scenario),
      in_(in),
      out_{&wan, &lan},
      pool_(pool),
      clock_(clock),
      writer_(scenario, mac),
      judge_(scenario) {}

void Generator::steer_to_owners(const HashSeed& seed) {
    owners_.resize(scenario_.flows);
    for (std::uint32_t flow = 0; flow < scenario_.flows; ++flow) {
        const ClientEnd client = client_of(flow);
        const FlowKey<Ipv4Address> key = {Ipv4Address{Be32{client.address}},
                                          service_vip(),
                                          Be16{client.port},
                                          Be16{kServicePort},
                                          scenario_.protocol,
                                          {}};
        owners_[flow] = raw(flow_owner(hash_key(key, seed), scenario_.lcores));
    }
}

// Whether it was sent: the wire has to have room for all of it.
template <typename FlowOf>
bool Generator::send(unsigned n, FlowOf&& flow_of, const Pacer* pacer) noexcept {
    std::array<rte_mbuf*, kMaxBurst> frames;
    if (in_.room() < n || rte_pktmbuf_alloc_bulk(pool_, frames.data(), n) != 0) {
        return false;
    }
    const Instant now = clock_.now();
    for (unsigned i = 0; i < n; ++i) {
        const std::uint32_t flow = flow_of(i);
        writer_.write(frames[i], flow, now);
        frames[i]->hash.rss = owners_.empty() ? next_queue_++ : owners_[flow];
    }
    writer_.finish(std::span{frames}.first(n));
    for (unsigned i = 0; pacer != nullptr && i < n; ++i) {
        stamp_.of(frames[i]) = pacer->due(i);
    }
    in_.send(std::span{frames}.first(n));
    tally_.sent += n;
    return true;
}

// Stamps are taken off, so that no packet that the node makes in the same buffer carries one.
void Generator::note_latency(std::span<rte_mbuf* const> frames) noexcept {
    const Instant now = clock_.now();
    for (rte_mbuf* const m : frames) {
        Instant& stamp = stamp_.of(m);
        if (stamp != Instant{}) {
            latency_->add(static_cast<std::uint64_t>(std::max((now - stamp).count(), Nanos::rep{0})));
            stamp = Instant{};
        }
    }
}

void Generator::collect_from(Wire& wire, bool judge) noexcept {
    std::array<rte_mbuf*, 2 * kMaxBurst> frames;
    while (true) {
        const unsigned n = wire.receive(frames);
        if (n == 0) {
            return;
        }
        for (unsigned i = 0; judge && i < n; ++i) {
            tally_.wrong += !PacketJudge::is_control(frames[i]) && !judge_.right(frames[i]) ? 1 : 0;
        }
        if (latency_ != nullptr) {
            note_latency(std::span{frames}.first(n));
        }
        rte_pktmbuf_free_bulk(frames.data(), n);
        tally_.received += n;
    }
}

void Generator::collect() noexcept {
    for (Wire* const wire : out_) {
        collect_from(*wire, false);
    }
}

unsigned Generator::step(unsigned n) noexcept {
    collect();
    const auto random_flow = [this](unsigned) { return random_.below(scenario_.flows); };
    return n != 0 && send(n, random_flow, nullptr) ? n : 0;
}

void Generator::step(Pacer& pacer, Instant now, bool refuses) noexcept {
    collect();
    const auto owed = static_cast<unsigned>(std::min<std::uint64_t>(pacer.owed(now), kMaxBurst));
    const unsigned sendable = std::min(owed, in_.room());
    const auto random_flow = [this](unsigned) { return random_.below(scenario_.flows); };
    if (sendable != 0 && send(sendable, random_flow, latency_ != nullptr ? &pacer : nullptr)) {
        pacer.take(sendable);
    }
    if (refuses && sendable < owed) {
        tally_.refused += owed - sendable;
        pacer.take(owed - sendable);
    }
}

void Generator::open_flows(bool judges) noexcept {
    writer_.set_opening(true);
    for (std::uint32_t flow = 0; flow < scenario_.flows;) {
        const auto n = static_cast<unsigned>(std::min<std::size_t>(kMaxBurst, scenario_.flows - flow));
        flow += send(
                    n, [flow](unsigned i) { return flow + i; }, nullptr)
                    ? n
                    : 0;
        for (Wire* const wire : out_) {
            collect_from(*wire, judges);
        }
    }
    writer_.set_opening(false);
}

}  // namespace izar
