#include "perf/summaries/own_rows.h"

#include <control.pb.h>
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "ctrl/agent/row_report.h"
#include "ctrl/frames/messages.h"
#include "dataplane/base/check.h"
#include "perf/summaries/timing.h"
#include "sched/summary/regions.h"

namespace izar {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kReporters = 24;
constexpr int kReports = 12;

NodeId id_of(std::size_t node) {
    return NodeId{static_cast<std::uint16_t>(node + 1)};
}

// Nodes in the regions that their RTTs give, as many as usual.
StaticData fleet_of(const RttMatrix& rtts, std::size_t nodes) {
    const auto regions = find_regions(rtts, usual_regions(rtts.nodes()));
    StaticData out;
    for (std::size_t i = 0; i < nodes; ++i) {
        FleetNode node;
        node.id = id_of(i);
        fmt::format_to_n(node.region, kNameLength - 1, "r{}", regions[i]);
        out.nodes.emplace(node.id, node);
    }
    return out;
}

// One link in twenty loses packets, the RTT varies by a few percent, one link in ten carries up to 500 Mbit/s.
FeedLink some_link(std::size_t from, std::size_t to, float rtt_ms, std::mt19937& random) {
    std::lognormal_distribution<float> variation(-3.5F, 0.5F);
    const auto nanos = [](float ms) { return Nanos{static_cast<std::int64_t>(ms * 1e6F)}; };
    FeedLink out{.from = id_of(from), .to = id_of(to), .rtt = nanos(rtt_ms)};
    out.variation = nanos(rtt_ms * variation(random));
    out.loss = random() % 20 == 0 ? static_cast<double>(random() % 50) / 1'000 : 0;
    out.count = 1'000;
    out.bandwidth = {.used = BitRate{random() % 10 == 0 ? random() % 500 * 1'000'000U : 0U}, .count = 1};
    return out;
}

std::map<NodeId, FeedLink> row_of(const RttMatrix& rtts, std::size_t from, std::size_t nodes, std::mt19937& random) {
    std::map<NodeId, FeedLink> out;
    for (std::size_t to = 0; to < nodes; ++to) {
        if (to != from && rtts.at(from, to) != kUnknownRtt) {
            out.emplace(id_of(to), some_link(from, to, rtts.at(from, to), random));
        }
    }
    return out;
}

void move(std::map<NodeId, FeedLink>& row, float share, std::mt19937& random) {
    const auto within = [&](float most) { return 1 + most * (static_cast<float>(random() % 2'001) / 1'000 - 1); };
    const auto scaled = [](Nanos time, float by) {
        return Nanos{static_cast<std::int64_t>(static_cast<float>(time.count()) * by)};
    };
    for (auto& [to, link] : row) {
        link.rtt = scaled(link.rtt, within(share));
        link.variation = scaled(link.variation, within(share * 10));
        const float used = static_cast<float>(raw(link.bandwidth.used)) * within(share * 10);
        link.bandwidth.used = BitRate{static_cast<std::uint64_t>(used)};
    }
}

struct Bytes {
    double raw = 0;  // as items
    double sent = 0;
    int reports = 0;
    int summaries = 0;
    void add(const Bytes& other) {
        raw += other.raw;
        sent += other.sent;
        reports += other.reports;
        summaries += other.summaries;
    }
};

// An agent that reports, and the controller's end.
class Reporter {
  public:
    Reporter(const StaticData& fleet, std::size_t self) : self_(id_of(self)) {
        for (const auto& [id, node] : fleet.nodes) {
            nodes_.push_back(id);
        }
        report_.set_static(fleet);
        (void)report_.take({});
    }
    Bytes tell(const std::map<NodeId, FeedLink>& row) {
        control::LinkRow items;
        for (const auto& [to, link] : row) {
            *items.add_items() = link_message(link);
        }
        control::LinkRow message;
        const Instant begun = thread_time();
        report_.write(row, message);
        const Instant written = thread_time();
        const bool summary = !message.summary().empty();
        if (summary) {
            const auto* const first = reinterpret_cast<const std::uint8_t*>(message.summary().data());
            CHECK(receiver_.receive({first, message.summary().size()}, self_, nodes_).has_value());
            decode_ms.push_back(in_ms(thread_time() - written));
            control::RowTaken taken;
            taken.set_generation(receiver_.generation());
            (void)report_.take(taken);
        }
        encode_ms.push_back(in_ms(written - begun));
        return {static_cast<double>(items.ByteSizeLong()), static_cast<double>(message.ByteSizeLong()), 1,
                summary ? 1 : 0};
    }

    std::vector<double> encode_ms;  // with items, as an agent does
    std::vector<double> decode_ms;

  private:
    static double in_ms(Nanos span) { return std::chrono::duration<double, std::milli>(span).count(); }

    NodeId self_;
    std::vector<NodeId> nodes_;
    RowReport report_;
    RowReceiver receiver_;
};

struct Figures {
    Bytes first{};
    Bytes later{};
    std::vector<double> encode_ms{};
    std::vector<double> decode_ms{};

    void add(Bytes told, bool is_first) { (is_first ? first : later).add(told); }
    void add_times(const Reporter& reporter) {
        encode_ms.insert(encode_ms.end(), reporter.encode_ms.begin(), reporter.encode_ms.end());
        decode_ms.insert(decode_ms.end(), reporter.decode_ms.begin(), reporter.decode_ms.end());
    }
    Json row(std::string_view matrix, std::size_t nodes, std::string_view kind) const {
        return {{"suite", "summary"},
                {"matrix", matrix},
                {"nodes", nodes},
                {"kind", kind},
                {"eps", 0.01},
                {"bytes_raw", later.raw / later.reports},
                {"bytes_sent", later.sent / later.reports},
                {"first_bytes_sent", first.sent / first.reports},
                {"reduction", 1 - later.sent / later.raw},
                {"summaries", static_cast<double>(later.summaries) / later.reports},
                {"stretch_mean", nullptr},
                {"stretch_p99", nullptr},
                {"encode_ms", median_of(encode_ms)},
                {"decode_ms", decode_ms.empty() ? Json() : Json(median_of(decode_ms))}};
    }
};

}  // namespace

nlohmann::json own_row(std::string_view matrix, const RttMatrix& rtts, std::size_t nodes, const RowDrift& drift) {
    const StaticData fleet = fleet_of(rtts, nodes);
    std::mt19937 random(7);
    Figures figures;
    for (std::size_t at = 0; at < std::min(nodes, kReporters); ++at) {
        const std::size_t from = at * nodes / std::min(nodes, kReporters);
        auto row = row_of(rtts, from, nodes, random);
        Reporter reporter(fleet, from);
        for (int report = 0; report < kReports; ++report) {
            figures.add(reporter.tell(row), report == 0);
            move(row, drift.share, random);
        }
        figures.add_times(reporter);
    }
    return figures.row(matrix, nodes, fmt::format("own-row-{}", drift.name));
}

nlohmann::json own_row_series(std::string_view matrix, const std::vector<NamedMatrix>& slices) {
    const std::size_t nodes = slices.front().matrix.nodes();
    const StaticData fleet = fleet_of(slices.front().matrix, nodes);
    Figures figures;
    for (std::size_t from = 0; from < nodes; from += nodes / kReporters) {
        Reporter reporter(fleet, from);
        for (const NamedMatrix& slice : slices) {
            std::mt19937 random(static_cast<unsigned>(from));  // all but the RTTs stays as it was
            figures.add(reporter.tell(row_of(slice.matrix, from, nodes, random)), &slice == &slices.front());
        }
        figures.add_times(reporter);
    }
    return figures.row(matrix, nodes, "own-row-series");
}

}  // namespace izar
