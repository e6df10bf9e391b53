#include "dataplane/links/path_prober.h"

#include <algorithm>
#include <cstring>

#include "dataplane/lcore/lcore_state.h"
#include "dataplane/stages/seal_overlay.h"
#include "dataplane/stages/send.h"
#include "dataplane/wire/path_probe.h"

namespace izar {
namespace {

// This node's own pauses below it are within every probe's patience.
constexpr Nanos kForgivenPause = PathWatch::kPatience / 2;
constexpr Nanos kRepeat = std::chrono::seconds{1};  // between two reports of a dead path

// Sends a probe, or the answer to one, to the first segment of `path`.
void send_along(const Path& path, const PathProbe& probe, LcoreState& lcore, const Published& published,
                Instant now) noexcept {
    LinkTemplate& link = lcore.sender.link(path.first_link);
    if (link.port == kNoPort || !lcore.security.can_send(path.first_link)) {
        return;
    }
    rte_mbuf* const m = rte_pktmbuf_alloc(lcore.shared.pool);
    if (m == nullptr) {
        ++lcore.counters.answers_lost;
        return;
    }
    std::memcpy(rte_pktmbuf_append(m, sizeof probe), &probe, sizeof probe);
    const Fleet& fleet = *published.fleet;
    const SealRequest request{path, fleet.node(fleet.self).id, kNoService, kEtherTypeSealed, kGeneveControl,
                              0,    probe.number.value()};
    if (!seal_alone(m, request, path.first_link, lcore, now)) {
        rte_pktmbuf_free(m);
        return;
    }
    lcore.shared.links.counters(lcore.index, path.first_link).count_sent(m->data_len);
    ++lcore.counters.made;
    send_made(m, link.neighbor, link.port, lcore, now);
}

// The nodes from the far end back to this one: the path's relays the other way round, then this node.
std::array<Be16, kMaxSegments> way_back(const Path& path, NodeId self) noexcept {
    std::array<Be16, kMaxSegments> back{};
    std::size_t length = 0;
    for (std::size_t i = path.length - 1U; i-- > 0;) {
        back[length++] = Be16{raw(path.segments[i])};
    }
    back[length] = Be16{raw(self)};
    return back;
}

void note_answer(const PathProbe& probe, NodeSlot far_end, LcoreState& lcore, Instant now) noexcept {
    const std::uint32_t rtt = low_clock(now) - probe.t_sent.value();
    lcore.shared.links.path_answer(far_end, probe.watch)
        .store(std::uint64_t{probe.number.value()} << 32 | rtt, std::memory_order_relaxed);
}

}  // namespace

Verdict read_path_probe(std::span<const std::uint8_t> message, NodeSlot from, LcoreState& lcore,
                        const Published& published, Instant now) noexcept {
    if (!is_path_probe(message)) {
        return Verdict::control_malformed;
    }
    PathProbe probe;
    std::memcpy(&probe, message.data(), sizeof probe);
    const Fleet& fleet = *published.fleet;
    if ((probe.flags & kPathProbeAnswer) != 0) {
        const NodeSlot far_end = fleet.slot(NodeId{probe.far_end.value()});
        if (far_end == kNoSlot || probe.watch >= kPathWatches) {
            return Verdict::control_malformed;
        }
        note_answer(probe, far_end, lcore, now);
        return Verdict::path_probe;
    }
    Path path;
    path.length = static_cast<std::uint8_t>(back_length(probe));
    std::ranges::transform(probe.back, path.segments.begin(), [](Be16 node) { return NodeId{node.value()}; });
    path.first_link = fleet.slot(path.segments[0]);
    // The answer begins its way with the link that the probe came by, so that nobody is sent what he did not ask for.
    if (path.first_link != from || NodeId{probe.far_end.value()} != fleet.node(fleet.self).id) {
        return Verdict::control_malformed;
    }
    probe.flags |= kPathProbeAnswer;
    send_along(path, probe, lcore, published, now);
    return Verdict::path_probe;
}

void PathProber::tick(LcoreState& lcore, const Published& published, Instant now) noexcept {
    const bool stood_still = now - last_call_ > kForgivenPause;
    last_call_ = now;
    if (stood_still) {
        std::for_each(&watched_[0], &watched_[kMaxNodes * kPathWatches], [](Watched& w) { w.watch.forgive(); });
    }
    if (now - last_tick_ < kTick || published.fleet == nullptr || published.services == nullptr) {
        return;
    }
    last_tick_ = now;
    note_policies(published);
    const Fleet& fleet = *published.fleet;
    const std::size_t lcores = lcore.shared.lcores;
    const std::size_t own = (fleet.nodes.size() + lcores - 1) / lcores;
    for (std::size_t i = 0; i < own / kTicksARound + 1; ++i) {
        next_ = next_ + 1 < own ? next_ + 1 : 0;
        const std::size_t s = next_ * lcores + raw(lcore.index);
        if (s < fleet.nodes.size() && s != raw(fleet.self)) {
            look_at(NodeSlot{static_cast<std::uint16_t>(s)}, lcore, published, now);
        }
    }
}

// Which policies some service follows; the default one always counts.
void PathProber::note_policies(const Published& published) noexcept {
    if (services_ == published.services.get()) {
        return;
    }
    services_ = published.services.get();
    in_force_.fill(false);
    in_force_[raw(kDefaultPolicy)] = true;
    for (const Service& service : services_->services()) {
        in_force_[raw(service.policy)] = true;
    }
}

void PathProber::look_at(NodeSlot slot, LcoreState& lcore, const Published& published, Instant now) noexcept {
    want_paths(slot, published, lcore.shared.links, now);
    const auto watched = of(slot);
    for (std::size_t i = 0; i < watched.size(); ++i) {
        Watched& one = watched[i];
        if (one.path.length == 0) {
            continue;
        }
        // A link that is down tells enough by itself; its paths begin anew with it.
        const bool usable = !lcore.shared.links.down(one.path.first_link);
        if (usable && (one.wanted || one.watch.is_dead())) {
            review(slot, i, one, lcore, now);
            send(slot, i, one, lcore, published, now);
        } else {
            one = Watched{};
        }
    }
}

void PathProber::want_paths(NodeSlot slot, const Published& published, const SharedLinks& links, Instant now) noexcept {
    const auto watched = of(slot);
    std::ranges::for_each(watched, [](Watched& one) { one.wanted = false; });
    for (std::size_t policy = 0; policy < in_force_.size(); ++policy) {
        if (!in_force_[policy]) {
            continue;
        }
        const Destination& to = published.routes->to(PolicyIndex{static_cast<std::uint8_t>(policy)}, slot);
        for (const std::uint8_t index : {std::uint8_t{0}, to.backup[0]}) {
            if (index < to.path_count && to.path[index].length > 1 && !links.down(to.path[index].first_link)) {
                want(watched, to.path[index], now);
            }
        }
    }
}

void PathProber::want(std::span<Watched, kPathWatches> watched, const Path& path, Instant now) noexcept {
    auto found = std::ranges::find(watched, path, &Watched::path);
    if (found == watched.end()) {
        found = std::ranges::find(watched, 0, [](const Watched& one) { return one.path.length; });
        if (found == watched.end()) {
            found = std::ranges::find(watched, false, &Watched::wanted);
        }
        if (found == watched.end()) {
            return;  // more paths than watches
        }
        found->path = path;
        found->watch.begin(std::chrono::microseconds{path.predicted_rtt_us}, now);
    }
    found->wanted = true;
}

void PathProber::review(NodeSlot slot, std::size_t index, Watched& watched, LcoreState& lcore, Instant now) noexcept {
    const std::uint64_t answer = lcore.shared.links.path_answer(slot, index).load(std::memory_order_relaxed);
    const bool heard =
        watched.watch.heard(static_cast<std::uint16_t>(answer >> 32), Nanos{static_cast<std::uint32_t>(answer)});
    const bool changed = watched.watch.judge(now);
    const bool dead = watched.watch.is_dead();
    if (!heard && !changed && (!dead || now - watched.told < kRepeat)) {
        return;
    }
    watched.told = dead ? now : Instant{};
    LinkReport out;
    out.kind = LinkReportKind::path;
    out.link = slot;
    out.at = now;
    out.path = {watched.path.segments, watched.watch.rtt(), heard, dead};
    lcore.receiver.report(out);
}

void PathProber::send(NodeSlot slot, std::size_t index, Watched& watched, LcoreState& lcore, const Published& published,
                      Instant now) noexcept {
    PathProbe probe = make_path_probe();
    probe.number = Be16{watched.watch.next(now)};
    if (probe.number.value() == 0) {
        return;
    }
    const Fleet& fleet = *published.fleet;
    probe.far_end = Be16{raw(fleet.node(slot).id)};
    probe.t_sent = Be32{low_clock(now)};
    probe.watch = static_cast<std::uint8_t>(index);
    probe.back = way_back(watched.path, fleet.node(fleet.self).id);
    send_along(watched.path, probe, lcore, published, now);
}

}  // namespace izar
