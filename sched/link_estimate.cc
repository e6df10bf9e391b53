#include "sched/link_estimate.h"

#include <algorithm>
#include <cmath>

namespace izar {
namespace {

constexpr double kRttGain = 1.0 / 8;        // RFC 6298 (2.3)
constexpr double kVariationGain = 1.0 / 4;  // RFC 6298 (2.3)

double share_of(Nanos passed, Nanos time_constant) noexcept {
    const auto ratio = static_cast<double>(passed.count()) / static_cast<double>(time_constant.count());
    return 1 - std::exp(-std::max(ratio, 0.0));
}

Nanos blend(Nanos old, Nanos fresh, double gain) noexcept {
    return old + Nanos{static_cast<Nanos::rep>(std::llround(static_cast<double>((fresh - old).count()) * gain))};
}

}  // namespace

void LinkEstimate::take(const LinkReport& report) {
    switch (report.kind) {
        case LinkReportKind::rtt:
            take_rtt(report.rtt, report.at);
            break;
        case LinkReportKind::loss:
            loss_.take(report.loss, report.at);
            break;
        case LinkReportKind::up:
            set_heard(true, report.at);
            break;
        case LinkReportKind::down:
            set_heard(false, report.at);
            break;
        case LinkReportKind::mtu:
            mtu_ = report.mtu.bytes;
            shrunk_ = report.mtu.shrunk;
            break;
        case LinkReportKind::traffic:
            take_traffic(report.traffic, report.at);
            break;
        case LinkReportKind::peer_row:
        case LinkReportKind::path:
            break;
    }
}

void LinkEstimate::take_rtt(const RttReport& rtt, Instant at) {
    if (heard_ == Heard::no && at < changed_at_) {
        return;  // from before the link fell silent, late through another lcore's ring
    }
    if (heard_ == Heard::never) {
        set_heard(true, at);
    }
    const bool first = measured_at_ == Instant{} || at - measured_at_ > kLifetime;
    if (first) {
        smoothed_ = rtt.mean;
        variation_ = rtt.mean / 2;  // RFC 6298 (2.2)
    } else {
        const double gain = share_of(at - measured_at_, kFollow);
        const Nanos error = rtt.mean > smoothed_ ? rtt.mean - smoothed_ : smoothed_ - rtt.mean;
        variation_ = blend(variation_, error, std::max(kVariationGain, gain));
        smoothed_ = blend(smoothed_, rtt.mean, std::max(kRttGain, gain));
    }
    if (at - window_start_ >= kMinimumWindow) {
        least_before_ = at - window_start_ < 2 * kMinimumWindow ? least_now_ : Nanos::max();
        least_now_ = Nanos::max();
        window_start_ = at;
    }
    least_now_ = std::min(least_now_, rtt.least);
    samples_ += rtt.count;
    measured_at_ = std::max(measured_at_, at);
}

void LinkEstimate::take_traffic(const TrafficReport& traffic, Instant at) noexcept {
    if (traffic.span <= Nanos{0}) {
        return;  // of a trace that somebody changed
    }
    constexpr double kBitsAByte = 8;
    const double seconds = std::chrono::duration<double>(traffic.span).count();
    bandwidth_.used = BitRate{static_cast<std::uint64_t>(kBitsAByte * static_cast<double>(traffic.bytes) / seconds)};
    bandwidth_.capacity = traffic.capacity;
    ++bandwidth_.count;
    traffic_at_ = at;
}

void LinkEstimate::set_heard(bool heard, Instant at) {
    const Heard next = heard ? Heard::yes : Heard::no;
    if (next == heard_ || at < changed_at_) {
        return;
    }
    if (heard_ == Heard::no) {
        damper_.change(at);
        loss_.restart();
        measured_at_ = {};  // its RTT has to be measured anew
    }
    times_down_ += heard ? 0 : 1;
    heard_ = next;
    changed_at_ = at;
}

LinkState LinkEstimate::state(Instant now) const noexcept {
    if (heard_ == Heard::no) {
        return LinkState::down;
    }
    const bool fresh = measured_at_ != Instant{} && now - measured_at_ <= kLifetime;
    return heard_ == Heard::yes && fresh ? LinkState::up : LinkState::unknown;
}

}  // namespace izar
