#include "tools/wan_emulator/control.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace izar::wan {
namespace {

using nlohmann::json;

constexpr double kLongestMs = 60'000;
constexpr double kFastestBps = 1e12;
constexpr double kLargestCount = 1e9;

const std::set<std::string> kLinkKeys{"op",       "source",   "destination",     "delay_ms",  "jitter_ms",
                                      "loss",     "queue_ms", "reorder_hold_ms", "duplicate", "reorder",
                                      "rate_bps", "up",       "drop_every",      "mtu_bytes"};

Result<void> read_number(const json& request, const char* key, double limit, double& value) {
    const auto found = request.find(key);
    if (found == request.end()) {
        return {};
    }
    if (!found->is_number() || !(found->get<double>() >= 0) || !(found->get<double>() <= limit)) {
        return fail(fmt::format("'{}' must be a number from 0 to {}", key, limit));
    }
    value = found->get<double>();
    return {};
}

Result<void> read_duration(const json& request, const char* key, Nanos& value) {
    double ms = -1;
    if (auto read = read_number(request, key, kLongestMs, ms); !read) {
        return read;
    }
    if (ms >= 0) {
        value = Nanos{static_cast<Nanos::rep>(ms * 1e6)};
    }
    return {};
}

Result<void> read_profile(const json& request, LinkProfile& profile) {
    double rate_bps = static_cast<double>(profile.rate_bps);
    double drop_every = profile.drop_every;
    double mtu_bytes = profile.mtu_bytes;
    for (auto& read : {
             read_duration(request, "delay_ms", profile.delay),
             read_duration(request, "jitter_ms", profile.jitter),
             read_duration(request, "queue_ms", profile.queue),
             read_duration(request, "reorder_hold_ms", profile.reorder_hold),
             read_number(request, "loss", 1, profile.loss),
             read_number(request, "duplicate", 1, profile.duplicate),
             read_number(request, "reorder", 1, profile.reorder),
             read_number(request, "rate_bps", kFastestBps, rate_bps),
             read_number(request, "drop_every", kLargestCount, drop_every),
             read_number(request, "mtu_bytes", kLargestCount, mtu_bytes),
         }) {
        if (!read) {
            return read;
        }
    }
    profile.rate_bps = static_cast<std::uint64_t>(rate_bps);
    profile.drop_every = static_cast<std::uint32_t>(drop_every);
    profile.mtu_bytes = static_cast<std::uint32_t>(mtu_bytes);
    if (const auto up = request.find("up"); up != request.end()) {
        if (!up->is_boolean()) {
            return fail("'up' must be true or false");
        }
        profile.up = up->get<bool>();
    }
    return {};
}

double to_ms(Nanos duration) {
    return static_cast<double>(duration.count()) / 1e6;
}

json link_row(const std::string& source, const std::string& destination, const EmulatedLink& link) {
    const LinkProfile& p = link.profile();
    const LinkCounters& c = link.counters();
    return {{"source", source},
            {"destination", destination},
            {"delay_ms", to_ms(p.delay)},
            {"jitter_ms", to_ms(p.jitter)},
            {"queue_ms", to_ms(p.queue)},
            {"reorder_hold_ms", to_ms(p.reorder_hold)},
            {"loss", p.loss},
            {"duplicate", p.duplicate},
            {"reorder", p.reorder},
            {"drop_every", p.drop_every},
            {"mtu_bytes", p.mtu_bytes},
            {"rate_bps", p.rate_bps},
            {"up", p.up},
            {"entered_packets", c.entered},
            {"delivered_packets", c.delivered},
            {"duplicated_packets", c.duplicated},
            {"lost_packets", c.lost},
            {"size_packets", c.size},
            {"down_packets", c.down},
            {"queue_packets", c.queue},
            {"memory_packets", c.memory},
            {"in_flight_packets", c.in_flight}};
}

json failure(const std::string& text) {
    return {{"ok", false}, {"error", text}};
}

}  // namespace

std::string Control::answer(std::string_view line) {
    const json request = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!request.is_object() || !request.contains("op") || !request["op"].is_string()) {
        return failure("send one JSON object a line with a key 'op': \"set\" or \"show\"").dump();
    }
    const std::string op = request["op"];
    if (op == "show") {
        return show().dump();
    }
    if (op == "set") {
        const auto done = set_link(request);
        return (done ? json{{"ok", true}} : failure(done.error().text)).dump();
    }
    return failure("unknown 'op'; there are \"set\" and \"show\"").dump();
}

Result<void> Control::set_link(const json& request) {
    for (const auto& [key, value] : request.items()) {
        if (!kLinkKeys.contains(key)) {
            return fail("unknown key in a link");
        }
    }
    const auto source = port_named(request, "source");
    if (!source) {
        return tl::unexpected(source.error());
    }
    const auto destination = port_named(request, "destination");
    if (!destination) {
        return tl::unexpected(destination.error());
    }
    if (*source == *destination) {
        return fail("a link needs two different ports");
    }
    EmulatedLink& link = wan_.link(*source, *destination);
    LinkProfile profile = link.profile();
    if (auto read = read_profile(request, profile); !read) {
        return read;
    }
    link.set_profile(profile);
    return {};
}

Result<WanPort> Control::port_named(const json& request, const char* key) const {
    const auto found = request.find(key);
    if (found == request.end() || !found->is_string()) {
        return fail(fmt::format("give '{}': the name of a port", key));
    }
    const auto name = std::find(names_.begin(), names_.end(), found->get<std::string>());
    if (name == names_.end()) {
        std::string known;
        for (const std::string& each : names_) {
            known += (known.empty() ? "" : ", ") + each;
        }
        return fail(fmt::format("'{}' names no port; there are: {}", key, known));
    }
    return WanPort{static_cast<std::uint16_t>(name - names_.begin())};
}

json Control::show() {
    json links = json::array();
    json ports = json::array();
    for (std::uint16_t i = 0; i < wan_.ports(); ++i) {
        for (std::uint16_t j = 0; j < wan_.ports(); ++j) {
            if (i != j) {
                links.push_back(link_row(names_[i], names_[j], wan_.link(WanPort{i}, WanPort{j})));
            }
        }
    }
    for (std::size_t i = 0; i < ports_.size(); ++i) {
        const PortCounters c = ports_[i].counters();
        ports.push_back({{"name", names_[i]},
                         {"received_packets", c.received},
                         {"sent_packets", c.sent},
                         {"send_failed_packets", c.send_failed},
                         {"oversize_packets", c.oversize},
                         {"overrun_packets", c.overrun}});
    }
    return {{"ok", true}, {"links", links}, {"ports", ports}};
}

}  // namespace izar::wan
