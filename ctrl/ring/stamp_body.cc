#include "ctrl/ring/stamp_body.h"

#include <chrono>
#include <cstring>

#include "ctrl/ring/whole_units.h"

namespace izar {

using std::chrono::microseconds;
using std::chrono::milliseconds;

ring::StampTask stamp_task_body(const StampSession& session) {
    ring::StampTask out{};
    out.task = session.task;
    std::memcpy(out.address, session.peer.bytes().data(), sizeof out.address);
    out.family = session.peer.family() == Family::ipv4 ? 4 : 6;
    out.port = session.port;
    out.interval_us = whole<microseconds>(session.interval);
    out.count = session.count;
    return out;
}

std::optional<StampSession> read_stamp_task(const ring::StampTask& body) {
    StampSession out;
    out.task = body.task;
    out.port = body.port;
    out.interval = microseconds{body.interval_us};
    out.count = body.count;
    if (body.family == 4) {
        Ipv4Address address;
        std::memcpy(&address, body.address, sizeof address);
        out.peer = address;
    } else {
        Ipv6Address address;
        std::memcpy(&address, body.address, sizeof address);
        out.peer = address;
    }
    const bool sound = (body.family == 4 || body.family == 6) && body.task != 0 && body.port != 0 && body.count != 0 &&
                       body.count <= ring::kMostStampProbes && out.interval >= StampSession::kLeastInterval &&
                       out.interval <= StampSession::kLongestInterval && !out.peer.is_unspecified();
    return sound ? std::optional(out) : std::nullopt;
}

ring::StampResult stamp_result_body(const StampReport& report, Instant now) {
    const Measurement& measured = report.measurement;
    ring::StampResult out{};
    out.task = report.session.task;
    out.sent = report.sent;
    out.samples = measured.samples;
    out.lost = measured.lost;
    out.over = report.over ? 1 : 0;
    if (measured.samples != 0) {
        out.least_us = whole<microseconds>(measured.least);
        out.mean_us = whole<microseconds>(measured.mean);
        out.variation_us = whole<microseconds>(measured.variation);
        out.age_ms = whole<milliseconds>(measured.age(now));
    }
    return out;
}

StampReport read_stamp_result(const ring::StampResult& body, Instant now) {
    StampReport out;
    out.session.task = body.task;
    out.sent = body.sent;
    out.over = body.over != 0;
    out.measurement = {.source = MeasurementSource::stamp,
                       .samples = body.samples,
                       .lost = body.lost,
                       .least = microseconds{body.least_us},
                       .mean = microseconds{body.mean_us},
                       .variation = microseconds{body.variation_us},
                       .newest = now - milliseconds{body.age_ms}};
    return out;
}

}  // namespace izar
