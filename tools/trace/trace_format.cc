// trace_format.cc -- Events as JSON. Reading is strict: a key that is missing or of another type is an error.
#include "tools/trace/trace_format.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/trace/trace_update.h"

namespace izar {
namespace {

using Json = nlohmann::json;

std::string_view kind_key(LinkReportKind kind) {
    switch (kind) {
        case LinkReportKind::rtt:
            return "rtt";
        case LinkReportKind::loss:
            return "loss";
        case LinkReportKind::up:
            return "up";
        case LinkReportKind::down:
            return "down";
        case LinkReportKind::mtu:
            return "size";
        case LinkReportKind::traffic:
            return "traffic";
        case LinkReportKind::peer_row:
            return "row";
        case LinkReportKind::path:
            return "path";
    }
    return "?";
}

constexpr LinkReportKind kKinds[] = {LinkReportKind::rtt,  LinkReportKind::up,       LinkReportKind::down,
                                     LinkReportKind::mtu,  LinkReportKind::peer_row, LinkReportKind::loss,
                                     LinkReportKind::path, LinkReportKind::traffic};

Json json_of(const TraceReport& event) {
    const LinkReport& report = event.report;
    Json out{{"t", event.now.time_since_epoch().count()},
             {std::string{kind_key(report.kind)}, raw(report.link)},
             {"at", report.at.time_since_epoch().count()}};
    if (report.kind == LinkReportKind::rtt) {
        out["least"] = report.rtt.least.count();
        out["mean"] = report.rtt.mean.count();
        out["count"] = report.rtt.count;
    } else if (report.kind == LinkReportKind::loss) {
        out["expected"] = report.loss.expected;
        out["received"] = report.loss.received;
        out["reordered"] = report.loss.reordered;
    } else if (report.kind == LinkReportKind::mtu) {
        out["bytes"] = report.mtu.bytes;
        out["shrunk"] = report.mtu.shrunk;
    } else if (report.kind == LinkReportKind::traffic) {
        out["bytes"] = report.traffic.bytes;
        out["span"] = report.traffic.span.count();
        out["capacity"] = raw(report.traffic.capacity);
    } else if (report.kind == LinkReportKind::peer_row) {
        out["to"] = raw(report.row.to);
        out["lost"] = report.row.loss;
        out["rtt_us"] = report.row.rtt_us;
        out["mtu"] = report.row.mtu;
    } else if (report.kind == LinkReportKind::path) {
        for (const NodeId node : report.path.segments) {
            out["segments"].push_back(raw(node));
        }
        out["took"] = report.path.rtt.count();
        out["measured"] = report.path.measured;
        out["dead"] = report.path.dead;
    }
    return out;
}

TraceReport report_of(const Json& line, LinkReportKind kind) {
    TraceReport event;
    event.now = Instant{Nanos{read_integer<std::int64_t>(line.at("t"))}};
    LinkReport& report = event.report;
    report.kind = kind;
    report.link = NodeSlot{read_integer<std::uint16_t>(line.at(std::string{kind_key(kind)}))};
    report.at = Instant{Nanos{read_integer<std::int64_t>(line.at("at"))}};
    if (kind == LinkReportKind::rtt) {
        report.rtt = {Nanos{read_integer<std::int64_t>(line.at("least"))},
                      Nanos{read_integer<std::int64_t>(line.at("mean"))},
                      read_integer<std::uint32_t>(line.at("count"))};
    } else if (kind == LinkReportKind::loss) {
        report.loss = {read_integer<std::uint64_t>(line.at("expected")),
                       read_integer<std::uint64_t>(line.at("received")),
                       read_integer<std::uint64_t>(line.at("reordered"))};
    } else if (kind == LinkReportKind::mtu) {
        report.mtu = {read_integer<std::uint16_t>(line.at("bytes")), line.at("shrunk").get<bool>()};
    } else if (kind == LinkReportKind::traffic) {
        report.traffic = {read_integer<std::uint64_t>(line.at("bytes")),
                          Nanos{read_integer<std::int64_t>(line.at("span"))},
                          BitRate{read_integer<std::uint64_t>(line.at("capacity"))}};
    } else if (kind == LinkReportKind::peer_row) {
        report.row = {NodeId{read_integer<std::uint16_t>(line.at("to"))}, read_integer<std::uint16_t>(line.at("lost")),
                      read_integer<std::uint32_t>(line.at("rtt_us")), read_integer<std::uint16_t>(line.at("mtu"))};
    } else if (kind == LinkReportKind::path) {
        for (std::size_t i = 0; i < kMaxSegments; ++i) {
            report.path.segments[i] = NodeId{read_integer<std::uint16_t>(line.at("segments").at(i))};
        }
        report.path.rtt = Nanos{read_integer<std::int64_t>(line.at("took"))};
        report.path.measured = line.at("measured").get<bool>();
        report.path.dead = line.at("dead").get<bool>();
    }
    return event;
}

struct LineOf {
    Json operator()(const TraceHead& head) const { return {{"trace", kTraceVersion}, {"mtu", head.overlay_mtu}}; }
    Json operator()(const TraceReport& event) const { return json_of(event); }
    Json operator()(const TraceUpdate& event) const {
        return {{"t", event.now.time_since_epoch().count()}, {"update", update_json(*event.update)}};
    }
    Json operator()(const TraceLoss& loss) const { return {{"missing", loss.events}}; }
};

TraceEvent event_of(const Json& line) {
    if (line.contains("trace")) {
        if (read_integer<int>(line.at("trace")) != kTraceVersion) {
            throw std::runtime_error(
                fmt::format("is of another version than {}; use the izar that wrote it", kTraceVersion));
        }
        return TraceHead{read_integer<std::uint16_t>(line.at("mtu"))};
    }
    if (line.contains("missing")) {
        return TraceLoss{read_integer<std::uint64_t>(line.at("missing"))};
    }
    if (line.contains("update")) {
        return TraceUpdate{Instant{Nanos{read_integer<std::int64_t>(line.at("t"))}},
                           std::make_shared<const FeedUpdate>(update_of(line.at("update")))};
    }
    for (const LinkReportKind kind : kKinds) {
        if (line.contains(std::string{kind_key(kind)})) {
            return report_of(line, kind);
        }
    }
    throw std::runtime_error("is no event of a trace; is the file one that izar-edge --trace wrote?");
}

}  // namespace

std::string trace_line(const TraceEvent& event) {
    return std::visit(LineOf{}, event).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// The JSON library and the readers above throw; here that becomes a Result.
Result<TraceEvent> parse_trace_line(std::string_view line) {
    try {
        return event_of(Json::parse(line));
    } catch (const std::exception& error) {
        return fail(error.what());
    }
}

}  // namespace izar
