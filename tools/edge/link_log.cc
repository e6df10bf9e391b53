#include "tools/edge/link_log.h"

#include <fmt/format.h>

namespace izar {
namespace {

bool is_news(const std::string& state) {
    return state == "up" || state == "down";
}

std::string line_of(const LinkRow& link, std::uint64_t downs) {
    const std::string rtt = link.rtt_ms ? fmt::format(", RTT {:.1f} ms", *link.rtt_ms) : "";
    if (link.state == "down") {
        return fmt::format("link to {} is down: {}{}", link.peer, link.why,
                           downs > 1 ? fmt::format("; it went down {} times", downs) : "");
    }
    if (downs > 0) {
        return fmt::format("link to {} is up: it was down for a moment{}", link.peer, rtt);
    }
    return fmt::format("link to {} is up: {}{}", link.peer, link.why, rtt);
}

}  // namespace

std::vector<std::string> LinkLog::look(const std::vector<LinkRow>& links) {
    std::vector<std::string> lines;
    for (const LinkRow& link : links) {
        Told& told = told_[link.peer];
        if (link.key_epoch.has_value() != told.has_key) {
            told.has_key = link.key_epoch.has_value();
            lines.push_back(fmt::format(
                "link to {} {}", link.peer,
                told.has_key ? "has a key: packets are sealed" : "has no key any more: nothing is sent on it"));
        }
        if (link.mtu && *link.mtu != told.mtu) {
            if (told.mtu != 0) {
                lines.push_back(fmt::format("link to {} carries packets up to {} bytes, {} before", link.peer,
                                            *link.mtu, told.mtu));
            }
            told.mtu = *link.mtu;
        }
        const std::uint64_t downs = link.changes - told.changes;
        if (is_news(link.state) && (link.state != told.state || downs > 0)) {
            lines.push_back(line_of(link, downs));
            told.state = link.state;
            told.changes = link.changes;
        }
    }
    return lines;
}

}  // namespace izar
