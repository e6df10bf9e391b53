// main.cc -- izar-replay: a matrix, a series of slices, or a node's recorded trace through the scheduler's own library.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <optional>

#include "tools/replay/report.h"
#include "tools/trace/trace_replay.h"

namespace {

using namespace izar;

struct Arguments {
    std::string matrix;
    std::string trace;
    std::string unit = "ms";
    std::string policy = "rtt";
    std::string json;
    std::string svg;
    double margin_ms = 5;
    double margin_percent = 10;
    double interval_s = 16;
    ReplayOptions replay;
};

std::optional<CostRule> rule_named(std::string_view name) {
    for (const auto rule : {CostRule::rtt, CostRule::rtt_loss, CostRule::lyapunov})
        if (name_of(rule) == name)
            return rule;
    return std::nullopt;
}

void declare(CLI::App& app, Arguments& arguments) {
    std::string kinds = "how nodes are told of each other's links:";
    for (const auto& kind : channel_kinds())
        kinds += fmt::format("\n  {:<16}{}", kind.name, kind.what);
    CLI::App* const what = app.add_option_group("what", "One of");
    what->add_option("--matrix", arguments.matrix, "file with an RTT matrix, or directory with a series");
    what->add_option("--trace", arguments.trace, "file that izar-edge --trace wrote: tells each decision, and why");
    what->require_option(1);
    app.add_option("--unit", arguments.unit, "of the matrix: ms or s")->capture_default_str();
    app.add_option("--policy", arguments.policy, "rtt, rtt-loss or lyapunov")->capture_default_str();
    app.add_option("--summary", arguments.replay.summary, kinds)->capture_default_str();
    app.add_option("--eps", arguments.replay.eps, "how much longer a path may get by the summary")
        ->capture_default_str();
    app.add_option("--relays", arguments.replay.relays, "most relays of a path: 0, 1 or 2")->capture_default_str();
    app.add_option("--margin-ms", arguments.margin_ms, "least gain for which a path is left")->capture_default_str();
    app.add_option("--margin-percent", arguments.margin_percent, "and least gain relative to it")
        ->capture_default_str();
    app.add_option("--interval-s", arguments.interval_s, "between slices")->capture_default_str();
    app.add_option("--json", arguments.json, "file for all figures");
    app.add_option("--svg", arguments.svg, "file for a picture of the last slice");
}

bool write_file(const std::string& file, const std::string& text) {
    if (file.empty())
        return true;
    std::ofstream out(file, std::ios::binary);
    out << text;
    out.close();
    if (!out)
        fmt::print(stderr, "izar-replay: cannot write {}; does its directory exist?\n", file);
    return static_cast<bool>(out);
}

Result<ReplayReport> run(Arguments& arguments) {
    const auto rule = rule_named(arguments.policy);
    if (!rule)
        return fail(fmt::format("policy '{}' is not known; use rtt, rtt-loss or lyapunov", arguments.policy));
    const auto unit = parse_rtt_unit(arguments.unit);
    if (!unit)
        return tl::unexpected(unit.error());
    const auto slices = load_matrices(arguments.matrix, *unit);
    if (!slices)
        return tl::unexpected(slices.error());
    using Ms = std::chrono::duration<double, std::milli>;
    arguments.replay.policy.rule = *rule;
    arguments.replay.policy.margins = {std::chrono::duration_cast<Nanos>(Ms(arguments.margin_ms)),
                                       arguments.margin_percent / 100};
    arguments.replay.interval = std::chrono::duration_cast<Nanos>(Ms(1000 * arguments.interval_s));
    return replay(*slices, arguments.replay,
                  [] { return Instant(std::chrono::steady_clock::now().time_since_epoch()); });
}

// A node's own decisions, again.
int run_trace(const std::string& file) {
    std::ifstream trace(file);
    if (!trace) {
        fmt::print(stderr, "izar-replay: cannot read {}; record one with izar-edge --trace FILE\n", file);
        return 1;
    }
    const auto summary =
        replay_trace(trace, file, [](const TraceDecision& decision) { fmt::print("{}", text_of(decision)); });
    if (!summary) {
        fmt::print(stderr, "izar-replay: {}\n", summary.error().text);
        return 1;
    }
    fmt::print("{} decisions from {} events in {:.1f} s{}\n", summary->decisions, summary->events,
               std::chrono::duration<double>(summary->length).count(),
               summary->missing == 0 ? "" : fmt::format("; {} events are missing", summary->missing));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Replays RTT matrices: what paths over relays gain, and what a summary costs and loses.",
                 "izar-replay"};
    Arguments arguments;
    declare(app, arguments);
    CLI11_PARSE(app, argc, argv);
    if (!arguments.trace.empty()) {
        return run_trace(arguments.trace);
    }
    const auto report = run(arguments);
    if (!report) {
        fmt::print(stderr, "izar-replay: {}\n", report.error().text);
        return 1;
    }
    fmt::print("{}", to_text(*report));
    const bool written =
        write_file(arguments.json, to_json(*report).dump(2) + "\n") && write_file(arguments.svg, to_svg(*report));
    return written ? 0 : 1;
}
