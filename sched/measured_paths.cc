#include "sched/measured_paths.h"

namespace izar {

void MeasuredPaths::take(const LinkReport& report) {
    if (!report.path.measured) {
        return;
    }
    if (newest_.size() >= kMostKept) {
        std::erase_if(newest_, [&](const auto& entry) { return report.at - entry.second.at > kLifetime; });
    }
    newest_[report.path.segments] = {report.path.rtt, report.at};
}

std::optional<Nanos> MeasuredPaths::rtt(const Segments& path, Instant now) const {
    const auto found = newest_.find(path);
    if (found == newest_.end() || now - found->second.at > kLifetime) {
        return std::nullopt;
    }
    return found->second.rtt;
}

}  // namespace izar
