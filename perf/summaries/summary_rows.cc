#include "perf/summaries/summary_rows.h"

#include <sys/resource.h>

#include <cmath>
#include <random>

#include "dataplane/base/check.h"
#include "perf/summaries/timing.h"
#include "sched/summary/codec.h"
#include "sched/summary/link_features.h"
#include "sched/summary/link_partition.h"
#include "tools/replay/report.h"

namespace izar {
namespace {

using Json = nlohmann::json;

double resident_mib() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

// PlanetLab with four features a link, as a controller tells them: one link in twenty loses packets, the RTT varies by
// a few percent, one link in ten carries up to 500 Mbit/s. A full summary, and the change after every RTT moved by at
// most 1 %, every variation by at most 20 % and what is carried by at most 10 %. Raw is 2 bytes a value.
LinkFeatures featured_links(const RttMatrix& matrix) {
    LinkFeatures links;
    links.nodes = matrix.nodes();
    links.eps = {0.015F, 0.015F, 0.25F, 0.25F};
    links.cost = [](std::span<const float> columns) { return columns[0] + columns[1]; };
    std::mt19937 random(5);
    std::lognormal_distribution<float> variation(-3.5F, 0.5F);
    for (std::size_t from = 0; from < links.nodes; ++from)
        for (std::size_t to = 0; to < links.nodes; ++to) {
            const float rtt = matrix.at(from, to);
            const float loss = random() % 20 == 0 ? static_cast<float>(random() % 50) : 0.0F;
            const float used = random() % 10 == 0 ? static_cast<float>(random() % 500) : 0.0F;
            links.values.insert(links.values.end(), {rtt, loss + 1, rtt * variation(random) + 1, used + 10});
        }
    return links;
}

void drift(LinkFeatures& links) {
    std::mt19937 random(6);
    const auto within = [&](float share) { return 1 + share * (static_cast<float>(random() % 2001) / 1000 - 1); };
    for (std::size_t link = 0; link < links.nodes * links.nodes; ++link) {
        float* const columns = &links.values[4 * link];
        columns[0] *= within(0.01F);
        columns[2] *= within(0.2F);
        columns[3] = 10 + (columns[3] - 10) * within(0.1F);
    }
}

// A mesh of regions: links between two regions are alike within half a percent, one in a thousand is not.
RowSource simulated_mesh(std::size_t nodes, std::size_t regions) {
    std::mt19937 random(11);
    std::uniform_real_distribution<float> rtt(5.0F, 250.0F);
    std::vector<float> between(regions * regions);
    for (auto& value : between)
        value = rtt(random);
    return [=](std::size_t from, std::span<float> row) {
        std::uint32_t state = static_cast<std::uint32_t>(from) * 2654435761U + 1;
        const float* base = between.data() + from % regions * regions;
        for (std::size_t to = 0, region = 0; to < nodes; ++to, region = region + 1 == regions ? 0 : region + 1) {
            state = state * 1664525U + 1013904223U;
            const float noise = static_cast<float>(state >> 16) * (0.01F / 65536);
            row[to] = base[region] * (state >> 22 == 0 ? 2.0F + noise : 0.995F + noise);
        }
    };
}

}  // namespace

nlohmann::json summary_row(std::string_view matrix, const std::vector<NamedMatrix>& slices, std::string_view kind,
                           float eps, int runs) {
    ReplayOptions options;
    options.summary = kind;
    options.eps = eps;
    options.policy.rule = CostRule::rtt;
    std::vector<double> encode;
    std::vector<double> decode;
    SeriesFigures figures;
    for (int run = 0; run < runs; ++run) {
        const auto report = replay(slices, options, thread_time);
        CHECK(report.has_value());
        figures = series_figures(*report);
        encode.push_back(figures.encode_ms);
        decode.push_back(figures.decode_ms);
    }
    return {{"suite", "summary"},
            {"matrix", matrix},
            {"nodes", slices.front().matrix.nodes()},
            {"slices", slices.size()},
            {"kind", kind},
            {"eps", std::round(static_cast<double>(eps) * 1e6) / 1e6},
            {"bytes_raw", figures.bytes_raw},
            {"bytes_sent", figures.bytes_sent},
            {"first_bytes_sent", figures.first_bytes},
            {"reduction", figures.reduction},
            {"stretch_mean", figures.stretch_mean},
            {"stretch_p99", figures.stretch_p99},
            {"stretch_max", figures.stretch_max},
            {"lost_pairs", figures.lost},
            {"encode_ms", kind == "raw" ? Json() : Json(median_of(encode))},
            {"decode_ms", kind == "raw" || kind == "zstd" || kind == "arcturus" ? Json() : Json(median_of(decode))}};
}

nlohmann::json features_row(const RttMatrix& matrix, int runs) {
    LinkFeatures links = featured_links(matrix);
    const SummaryRule rule{.kind = SummaryKind::pruned, .eps = 0.03F};
    MeshSummary summary;
    std::vector<std::uint8_t> bytes;
    const double encode_ms = median_ms(runs, [&] {
        summary = summarize_features(links, rule);
        bytes = encode_full(summary);
    });
    const double decode_ms = median_ms(runs, [&] { CHECK(decode_summary(bytes, nullptr).has_value()); });
    drift(links);
    MeshSummary next = summarize_features(links, rule, &summary);
    next.generation = 1;
    const auto change = encode_delta(summary, next);
    CHECK(change.has_value());
    const double raw = 8.0 * static_cast<double>(links.nodes * (links.nodes - 1));
    return {{"suite", "summary"},
            {"matrix", "planetlab"},
            {"nodes", links.nodes},
            {"kind", "pruned-features"},
            {"eps", 0.03},
            {"bytes_raw", raw},
            {"bytes_sent", bytes.size()},
            {"change_bytes", change->size()},
            {"reduction", 1 - static_cast<double>(bytes.size()) / raw},
            {"stretch_mean", nullptr},
            {"stretch_p99", nullptr},
            {"encode_ms", encode_ms},
            {"decode_ms", decode_ms},
            {"items_sent", summary.links.items.size()}};
}

nlohmann::json simulated_row(std::size_t nodes, std::size_t regions, float eps) {
    const auto source = simulated_mesh(nodes, regions);
    MeshSummary summary;
    summary.nodes = static_cast<std::uint16_t>(nodes);
    summary.links.fraction_bits = {static_cast<std::uint8_t>(Quantizer::within(eps / 4).fraction_bits())};
    for (std::size_t node = 0; node < nodes; ++node)
        summary.region_of.push_back(static_cast<std::uint8_t>(node % regions));
    std::vector<std::uint8_t> bytes;
    const double encode_ms = median_ms(1, [&] {
        partition_links(summary, source, {.neighbours = 4, .mads = 3.5F, .eps = eps});
        bytes = encode_full(summary);
    });
    const double decode_ms = median_ms(3, [&] { CHECK(decode_summary(bytes, nullptr).has_value()); });
    const double raw = 2.0 * static_cast<double>(nodes) * static_cast<double>(nodes - 1);
    return {{"suite", "summary"},
            {"matrix", "simulated"},
            {"nodes", nodes},
            {"regions", regions},
            {"kind", "knn"},
            {"eps", std::round(static_cast<double>(eps) * 1e6) / 1e6},
            {"bytes_raw", raw},
            {"bytes_sent", bytes.size()},
            {"reduction", 1 - static_cast<double>(bytes.size()) / raw},
            {"stretch_mean", nullptr},
            {"stretch_p99", nullptr},
            {"encode_ms", encode_ms},
            {"decode_ms", decode_ms},
            {"items_sent", summary.links.items.size()},
            {"resident_mib", resident_mib()}};
}

}  // namespace izar
