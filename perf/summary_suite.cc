// summary_suite.cc -- Rows of the suites `summary` and `paths`: what summaries cost and lose on the published RTT
// sets, beside their rivals; a simulated mesh of 10,000 nodes; and all-pairs path search with its arithmetic limit.
//
// Times are CPU time of this thread, the median of --runs runs: one core, whatever else the machine does.
#include <fmt/format.h>
#include <sys/resource.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <random>

#include "sched/min_plus.h"
#include "sched/path_search.h"
#include "sched/summary/codec.h"
#include "sched/summary/link_features.h"
#include "sched/summary/link_partition.h"
#include "tools/replay/clairvoyant.h"
#include "tools/replay/report.h"
#include "tools/replay/rival_rules.h"

namespace izar {
namespace {

using Json = nlohmann::json;

Instant thread_time() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return Instant(std::chrono::seconds(time.tv_sec) + Nanos(time.tv_nsec));
}

struct Options {
    std::string data = "tests/data";
    std::string json;
    int runs = 5;
    bool quick = false;
};

double median_of(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

template <typename Work>
double median_ms(int runs, const Work& work) {
    std::vector<double> times;
    for (int run = 0; run < runs; ++run) {
        const Instant start = thread_time();
        work();
        times.push_back(std::chrono::duration<double, std::milli>(thread_time() - start).count());
    }
    return median_of(std::move(times));
}

double resident_mib() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

// One row of the suite `summary`. Times are medians over runs of the whole series.
Json summary_row(std::string_view matrix, const std::vector<NamedMatrix>& slices, std::string_view kind, float eps,
                 int runs) {
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

// How close choices stay to the oracle, and how many pairs move for it.
Json choice_row(std::string_view matrix, const std::vector<NamedMatrix>& slices, int margin_ms, double relative) {
    ReplayOptions options;
    options.policy.rule = CostRule::rtt;
    options.policy.margins = {std::chrono::milliseconds(margin_ms), relative};
    const auto report = replay(slices, options, thread_time);
    CHECK(report.has_value());
    const auto figures = series_figures(*report);
    return {{"suite", "choice"},
            {"matrix", matrix},
            {"nodes", report->nodes},
            {"margin_ms", margin_ms},
            {"margin_ratio", relative},
            {"direct_ms", figures.direct_ms},
            {"oracle_ms", figures.oracle_ms},
            {"chosen_ms", figures.chosen_ms},
            {"summarized_ms", figures.summarized_ms},
            {"chosen_over_oracle", figures.over_oracle},
            {"summarized_over_oracle", figures.summarized_over_oracle},
            {"switched_ratio", figures.switched},
            {"summarized_switched_ratio", figures.summary_switched}};
}

std::vector<const RttMatrix*> series_of(const std::vector<NamedMatrix>& slices) {
    std::vector<const RttMatrix*> series;
    for (const auto& slice : slices)
        series.push_back(&slice.matrix);
    return series;
}

Json course_row(std::string_view rule, std::string_view parameter, double value, const CourseFigures& figures) {
    return {{"suite", "choice"},
            {"matrix", "seattle"},
            {"rule", rule},
            {parameter, value},
            {"chosen_over_oracle", figures.over_oracle},
            {"switched_ratio", figures.switched}};
}

// The same for rules that know some of the slices to come, or all of them, and pay for each switch: what no rule
// without that knowledge reaches; and for rules that know nothing more than izar's, and are not used.
void add_rule_rows(Json& rows, const std::vector<NamedMatrix>& slices) {
    const auto series = series_of(slices);
    for (const float switch_cost_ms : {20.0F, 80.0F, 200.0F, 400.0F})
        rows.push_back(course_row("clairvoyant", "switch_cost_ms", static_cast<double>(switch_cost_ms),
                                  cheapest_courses(series, switch_cost_ms)));
    for (const std::size_t foresight : {1, 2, 3, 5})
        for (const float switch_cost_ms : {100.0F, 250.0F, 350.0F}) {
            rows.push_back(course_row("foresight", "switch_cost_ms", static_cast<double>(switch_cost_ms),
                                      cheapest_courses(series, switch_cost_ms, foresight)));
            rows.back()["foresight_slices"] = foresight;
        }
    const auto add = [&](std::string_view rule, std::string_view parameter, double value, const SwitchRule& how) {
        rows.push_back(course_row(rule, parameter, value, follow_rule(series, how)));
    };
    for (const int ms : {60, 90})
        add("margin", "margin_ms", ms, margin_rule(ms));
    for (const int ms : {60, 70, 80})
        add("charge of 10 ms a link", "margin_ms", ms, charge_rule(ms, 10));
    for (const int ms : {100, 200, 300, 400})
        add("accumulated regret", "regret_ms_slices", ms, regret_rule(ms));
    for (const double errors : {0.5, 1.0, 2.0, 3.0})
        add("noise", "standard_errors", errors, noise_rule(errors));
    for (const double gain : {0.5, 0.8})
        add("smoothed", "gain", gain, smooth_rule(static_cast<float>(gain)));
    for (const int ms : {20, 30, 40})
        add("fresh", "charge_ms", ms, fresh_rule(static_cast<float>(ms)));
}

// PlanetLab with three features a link: one link in twenty loses packets, the RTT varies by a few percent. A full
// summary, and the change after every RTT moved by at most 1 % and every variation by at most 20 %. Raw is 2 bytes a
// value.
LinkFeatures featured_links(const RttMatrix& matrix) {
    LinkFeatures links;
    links.nodes = matrix.nodes();
    links.eps = {0.015F, 0.015F, 0.25F};
    links.cost = [](std::span<const float> columns) { return columns[0] + columns[1]; };
    std::mt19937 random(5);
    std::lognormal_distribution<float> variation(-3.5F, 0.5F);
    for (std::size_t from = 0; from < links.nodes; ++from)
        for (std::size_t to = 0; to < links.nodes; ++to) {
            const float rtt = matrix.at(from, to);
            const float loss = random() % 20 == 0 ? static_cast<float>(random() % 50) : 0.0F;
            links.values.insert(links.values.end(), {rtt, loss + 1, rtt * variation(random) + 1});
        }
    return links;
}

void drift(LinkFeatures& links) {
    std::mt19937 random(6);
    const auto within = [&](float share) { return 1 + share * (static_cast<float>(random() % 2001) / 1000 - 1); };
    for (std::size_t link = 0; link < links.nodes * links.nodes; ++link) {
        links.values[3 * link] *= within(0.01F);
        links.values[3 * link + 2] *= within(0.2F);
    }
}

Json features_row(const RttMatrix& matrix, int runs) {
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
    const double raw = 6.0 * static_cast<double>(links.nodes * (links.nodes - 1));
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

Json simulated_row(std::size_t nodes, std::size_t regions, float eps) {
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

// All pairs of 1,024 nodes over at most one relay. The limit is two vector operations per lane, two a cycle.
void add_path_rows(Json& rows, int runs) {
    constexpr std::size_t kNodes = kMaxNodes;
    std::mt19937 random(3);
    std::uniform_int_distribution<std::uint32_t> rtt_us(1000, 300'000);
    RttMatrix direct(kNodes);
    CostMatrix costs(kNodes);
    for (std::uint16_t from = 0; from < kNodes; ++from)
        for (std::uint16_t to = 0; to < kNodes; ++to)
            if (from != to) {
                const auto us = rtt_us(random);
                direct.set(from, to, static_cast<float>(us) / 1000);
                costs.set(NodeSlot{from}, NodeSlot{to}, us);
            }
    const std::vector<std::tuple<std::string_view, MinPlusKernel, double>> kernels{
        {"scalar", MinPlusKernel::scalar, 1}, {"avx2", MinPlusKernel::avx2, 8}, {"avx512", MinPlusKernel::avx512, 16}};
    for (const auto& [name, kernel, lanes] : kernels) {
        if (kernel > best_min_plus_kernel())
            continue;
        RttMatrix best;
        const double ms = median_ms(kernel == MinPlusKernel::scalar ? 1 : runs, [&, kernel = kernel] {
            best = direct;
            relax_through(best, direct, direct, kernel);
        });
        rows.push_back({{"suite", "paths"},
                        {"what", "all pairs, at most one relay"},
                        {"nodes", kNodes},
                        {"kernel", name},
                        {"time_ms", ms},
                        {"limit_cycles", static_cast<double>(kNodes) * kNodes * kNodes / lanes}});
    }
    std::uint64_t sum = 0;  // so that the search is not left out
    PathSearch search(costs, NodeSlot{0});
    const double ms = median_ms(runs, [&] {
        search.rebuild();
        for (std::uint16_t to = 1; to < kNodes; ++to)
            sum += search.best(NodeSlot{to}).cost;
    });
    CHECK(sum > 0);
    rows.push_back({{"suite", "paths"},
                    {"what", "one source, at most two relays"},
                    {"nodes", kNodes},
                    {"kernel", best_path_kernels().name},
                    {"time_ms", ms},
                    {"limit_cycles", 2.0 * kNodes * kNodes / kCostLanes}});
}

Json environment() {
    std::string cpu = "unknown";
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);)
        if (line.starts_with("model name")) {
            cpu = line.substr(line.find(':') + 2);
            break;
        }
    return {{"cpu", cpu}, {"compiler", __VERSION__}, {"times", "thread CPU time, median"}};
}

Result<Json> run(const Options& options) {
    const auto planetlab = load_matrices(options.data + "/rtt-planetlab", RttUnit::milliseconds);
    if (!planetlab)
        return tl::unexpected(planetlab.error());
    auto seattle = load_matrices(options.data + "/rtt-seattle", RttUnit::seconds);
    if (!seattle)
        return tl::unexpected(seattle.error());
    if (options.quick)
        seattle->resize(4);
    Json rows = Json::array();
    for (const auto& kind : channel_kinds())
        rows.push_back(summary_row("planetlab", *planetlab, kind.name, 0.03F, options.quick ? 1 : options.runs));
    if (!options.quick)
        for (const float eps : {0.0F, 0.02F, 0.05F, 0.1F})
            rows.push_back(summary_row("planetlab", *planetlab, "pruned", eps, options.runs));
    rows.push_back(features_row(planetlab->front().matrix, options.quick ? 1 : options.runs));
    for (const auto& kind : channel_kinds())
        rows.push_back(summary_row("seattle", *seattle, kind.name, 0.03F, 1));
    rows.push_back(choice_row("planetlab", *planetlab, 5, 0.1));
    for (const int margin_ms : {5, 20, 60, 80, 100})
        rows.push_back(choice_row("seattle", *seattle, margin_ms, 0.1));
    add_rule_rows(rows, *seattle);
    rows.push_back(simulated_row(options.quick ? 2000 : 10'000, options.quick ? 20 : 100, 0.02F));
    add_path_rows(rows, options.quick ? 1 : options.runs);
    return Json{{"suite", "summary"}, {"system", "izar"}, {"env", environment()}, {"rows", std::move(rows)}};
}

void print_row(const Json& row) {
    if (row["suite"] == "summary")
        fmt::print("{:<10} {:<15} eps {:<5} {:>10} of {:>10} bytes {:>7.2f} %  stretch {:.8} {:.8}  {:.2f} ms\n",
                   row["matrix"].get<std::string>(), row["kind"].get<std::string>(), row["eps"].get<double>(),
                   static_cast<long>(row["bytes_sent"].get<double>()),
                   static_cast<long>(row["bytes_raw"].get<double>()), 100 * row["reduction"].get<double>(),
                   row["stretch_mean"].dump(), row["stretch_p99"].dump(),
                   row["encode_ms"].is_null() ? 0.0 : row["encode_ms"].get<double>());
    else
        fmt::print("{}\n", row.dump());
}

}  // namespace
}  // namespace izar

int main(int argc, char** argv) {
    CLI::App app{"Rows of the suites summary and paths.", "summary_suite"};
    izar::Options options;
    app.add_option("--data", options.data, "folder with rtt-planetlab and rtt-seattle")->capture_default_str();
    app.add_option("--json", options.json, "file for the rows");
    app.add_option("--runs", options.runs, "of each timed row")->check(CLI::Range(1, 1000))->capture_default_str();
    app.add_flag("--quick", options.quick, "small and once, to see that it works");
    CLI11_PARSE(app, argc, argv);
    const auto result = izar::run(options);
    if (!result) {
        fmt::print(stderr, "summary_suite: {}\n", result.error().text);
        return 1;
    }
    for (const auto& row : (*result)["rows"])
        izar::print_row(row);
    if (!options.json.empty()) {
        std::ofstream out(options.json);
        out << result->dump(2) << '\n';
        out.close();
        if (!out) {
            fmt::print(stderr, "summary_suite: cannot write {}\n", options.json);
            return 1;
        }
    }
    return 0;
}
