#include "ctrl/agent/prober.h"

#include <utility>

#include "dataplane/base/check.h"

namespace izar {

void Prober::start(const std::vector<ProbeTarget>& targets, Done done) {
    CHECK(!busy());
    done_ = std::move(done);
    until_ = loop_.now() + kPatience;
    for (const ProbeTarget& target : targets) {
        auto probe = TcpConnectProbe::start(target.address, target.port, loop_.now());
        if (probe) {
            running_.push_back({target, *std::move(probe)});
        }
    }
    timer_.start(kLook, [this] { look(); });
}

void Prober::look() {
    const Instant now = loop_.now();
    std::erase_if(running_, [&](const Running& each) {
        const auto answer = each.probe.finish(now);
        const bool over = answer.outcome != TcpConnectProbe::Outcome::pending || now >= until_;
        if (over) {
            answers_.push_back({each.target, answer.rtt});
        }
        return over;
    });
    if (!running_.empty()) {
        timer_.start(kLook, [this] { look(); });
        return;
    }
    std::exchange(done_, nullptr)(std::exchange(answers_, {}));
}

}  // namespace izar
