// summary_suite.cc -- Rows of the suites `summary` and `paths`: what summaries cost and lose on the published RTT
// sets, beside their rivals; a simulated mesh of 10,000 nodes; and all-pairs path search with its arithmetic limit.
//
// Times are CPU time of this thread, the median of --runs runs: one core, whatever else the machine does.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <string>

#include "perf/summaries/choice_rows.h"
#include "perf/summaries/own_rows.h"
#include "perf/summaries/path_rows.h"
#include "perf/summaries/summary_rows.h"
#include "tools/replay/report.h"

namespace izar {
namespace {

using Json = nlohmann::json;

struct Options {
    std::string data = "tests/data";
    std::string json;
    int runs = 5;
    bool quick = false;
};

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
    for (const std::size_t nodes : {2U, 3U, 5U, 10U, 30U, 100U, 490U})
        rows.push_back(own_row("planetlab", planetlab->front().matrix, nodes, {"1%", 0.01F}));
    rows.push_back(own_row("planetlab", planetlab->front().matrix, 490, {"rest", 0}));
    rows.push_back(own_row("planetlab", planetlab->front().matrix, 490, {"5%", 0.05F}));
    rows.push_back(own_row_series("seattle", *seattle));
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
