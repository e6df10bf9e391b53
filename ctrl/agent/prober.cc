#include "ctrl/agent/prober.h"

#include <utility>

#include "dataplane/base/check.h"

namespace izar {
namespace {

Measurement connect_measurement(const std::optional<Nanos>& rtt, Instant now) {
    MeasurementWindow window(MeasurementSource::tcp_connect);
    if (rtt) {
        window.add(*rtt, now);
    } else {
        window.add_loss();
    }
    return window.peek();
}

}  // namespace

void Prober::start(const std::vector<ProbeTarget>& targets, Done done) {
    CHECK(!busy());
    done_ = std::move(done);
    until_ = loop_.now() + kPatience;
    stamps_until_ = loop_.now() + kStampPatience;
    for (const ProbeTarget& target : targets) {
        target.stamp ? begin_stamp(target) : connect(target);
    }
    timer_.start(kLook, [this] { look(); });
}

void Prober::connect(const ProbeTarget& target) {
    auto probe = TcpConnectProbe::start(target.address, target.port, loop_.now());
    if (probe) {
        running_.push_back({target, *std::move(probe)});
    }
}

void Prober::begin_stamp(const ProbeTarget& target) {
    const StampSession session{target.address, target.port, kStampInterval, kStampCount, ++last_task_};
    if (send_stamp_ != nullptr && send_stamp_(session)) {
        stamps_.emplace(session.task, target);
    }
}

void Prober::take_stamp(const StampReport& report) {
    const auto found = stamps_.find(report.session.task);
    if (found == stamps_.end() || !report.over) {
        return;
    }
    answers_.push_back({found->second, report.measurement});
    stamps_.erase(found);
}

void Prober::look() {
    const Instant now = loop_.now();
    std::erase_if(running_, [&](const Running& each) {
        const auto answer = each.probe.finish(now);
        const bool over = answer.outcome != TcpConnectProbe::Outcome::pending || now >= until_;
        if (over) {
            answers_.push_back({each.target, connect_measurement(answer.rtt, now)});
        }
        return over;
    });
    std::erase_if(stamps_, [&](const auto& each) {
        const bool over = now >= stamps_until_;
        if (over) {
            answers_.push_back({each.second, {.source = MeasurementSource::stamp, .lost = kStampCount}});
        }
        return over;
    });
    if (!running_.empty() || !stamps_.empty()) {
        timer_.start(kLook, [this] { look(); });
        return;
    }
    std::exchange(done_, nullptr)(std::exchange(answers_, {}));
}

}  // namespace izar
