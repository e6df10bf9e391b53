#include "ctrl/agent/prober.h"

#include <iterator>
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

Prober::~Prober() {
    for (const Running& each : running_) {
        loop_.close(each.waiting);
    }
}

void Prober::start(const std::vector<ProbeTarget>& targets, Done done) {
    CHECK(!busy());
    done_ = std::move(done);
    until_ = loop_.now() + kPatience;
    stamps_until_ = loop_.now() + kStampPatience;
    for (const ProbeTarget& target : targets) {
        target.stamp ? begin_stamp(target) : connect(target);
    }
    wait_for_rest();
}

void Prober::connect(const ProbeTarget& target) {
    auto probe = TcpConnectProbe::start(target.address, target.port, loop_.now());
    if (probe) {
        running_.push_back({target, *std::move(probe)});
        await_answer(std::prev(running_.end()));
    }
}

void Prober::await_answer(Place probe) {
    probe->waiting = loop_.await_writable(probe->probe.descriptor(), [this, probe] { take_answer(probe); });
}

void Prober::take_answer(Place probe) {
    const Instant now = loop_.now();
    const auto answer = probe->probe.finish(now);
    if (answer.outcome == TcpConnectProbe::Outcome::pending) {
        await_answer(probe);
        return;
    }
    answers_.push_back({probe->target, connect_measurement(answer.rtt, now)});
    running_.erase(probe);
    wait_for_rest();
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
    wait_for_rest();
}

// Connects are given up before STAMP sessions are.
void Prober::wait_for_rest() {
    if (!running_.empty() || !stamps_.empty()) {
        timer_.start((running_.empty() ? stamps_until_ : until_) - loop_.now(), [this] { give_up(); });
        return;
    }
    timer_.start(Nanos{0}, [this] { std::exchange(done_, nullptr)(std::exchange(answers_, {})); });
}

void Prober::give_up() {
    const Instant now = loop_.now();
    if (now >= until_) {
        for (const Running& each : running_) {
            loop_.close(each.waiting);
            answers_.push_back({each.target, connect_measurement(std::nullopt, now)});
        }
        running_.clear();
    }
    if (now >= stamps_until_) {
        for (const auto& [task, target] : stamps_) {
            answers_.push_back({target, {.source = MeasurementSource::stamp, .lost = kStampCount}});
        }
        stamps_.clear();
    }
    wait_for_rest();
}

}  // namespace izar
