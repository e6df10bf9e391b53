// report.cc -- Figures of a series, as JSON and as text. Keys are documented in docs/replay.md.
#include "tools/replay/report.h"

#include <fmt/format.h>

#include <algorithm>

namespace izar {
namespace {

using Json = nlohmann::json;

Json to_json(const Distribution& figures) {
    return {{"mean", figures.mean}, {"p50", figures.p50}, {"p99", figures.p99}, {"max", figures.max}};
}

double ratio(std::size_t part, std::size_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

Json to_json(const std::optional<LinksInUse>& links) {
    if (!links) {
        return nullptr;
    }
    return {{"measured", links->measured},
            {"of_own_paths_ratio", ratio(links->of_own_paths, links->measured)},
            {"of_any_paths_ratio", ratio(links->of_any_paths, links->measured)}};
}

Json to_json(const SliceFigures& slice) {
    return {{"name", slice.name},
            {"pairs", slice.pairs},
            {"lost_pairs", slice.lost},
            {"direct_ms", to_json(slice.direct)},
            {"oracle_ms", to_json(slice.oracle)},
            {"chosen_ms", to_json(slice.chosen)},
            {"summarized_ms", to_json(slice.summarized)},
            {"stretch", to_json(slice.stretch)},
            {"links", to_json(slice.links)},
            {"switched_ratio", slice.switched},
            {"summarized_switched_ratio", slice.summary_switched},
            {"bytes_raw", slice.bytes_raw},
            {"bytes_sent", slice.bytes_sent},
            {"encode_ms", slice.encode_ms},
            {"decode_ms", slice.decode_ms}};
}

std::string line_of(std::string_view name, const Distribution& figures) {
    return fmt::format("  {:<28}{:>10.2f}{:>10.2f}{:>10.2f}\n", name, figures.mean, figures.p50, figures.p99);
}

}  // namespace

SeriesFigures series_figures(const ReplayReport& report) {
    CHECK(!report.slices.empty());
    SeriesFigures sum;
    const auto slices = static_cast<double>(report.slices.size());
    const double later = std::max(slices - 1, 1.0);
    for (std::size_t i = 0; i < report.slices.size(); ++i) {
        const SliceFigures& slice = report.slices[i];
        sum.direct_ms += slice.direct.mean / slices;
        sum.oracle_ms += slice.oracle.mean / slices;
        sum.chosen_ms += slice.chosen.mean / slices;
        sum.summarized_ms += slice.summarized.mean / slices;
        sum.over_oracle += slice.chosen.mean / slice.oracle.mean / slices;
        sum.summarized_over_oracle += slice.summarized.mean / slice.oracle.mean / slices;
        sum.stretch_mean += slice.stretch.mean / slices;
        sum.stretch_p99 += slice.stretch.p99 / slices;
        sum.stretch_max = std::max(sum.stretch_max, slice.stretch.max);
        sum.encode_ms += slice.encode_ms / slices;
        sum.decode_ms += slice.decode_ms / slices;
        sum.lost += slice.lost;
        if (i > 0) {
            sum.switched += slice.switched / later;
            sum.summary_switched += slice.summary_switched / later;
        }
        if (i > 0 || report.slices.size() == 1) {
            sum.bytes_raw += static_cast<double>(slice.bytes_raw) / later;
            sum.bytes_sent += static_cast<double>(slice.bytes_sent) / later;
        }
    }
    sum.first_bytes = static_cast<double>(report.slices.front().bytes_sent);
    sum.reduction = 1 - sum.bytes_sent / sum.bytes_raw;
    return sum;
}

nlohmann::json to_json(const ReplayReport& report) {
    const auto series = series_figures(report);
    Json slices = Json::array();
    for (const auto& slice : report.slices)
        slices.push_back(to_json(slice));
    return {{"nodes", report.nodes},
            {"symmetric", report.symmetric},
            {"summary", report.options.summary},
            {"eps", static_cast<double>(report.options.eps)},
            {"relays", report.options.relays},
            {"policy", name_of(report.options.policy.rule)},
            {"mean",
             {{"direct_ms", series.direct_ms},
              {"oracle_ms", series.oracle_ms},
              {"chosen_ms", series.chosen_ms},
              {"summarized_ms", series.summarized_ms},
              {"chosen_over_oracle", series.over_oracle},
              {"summarized_over_oracle", series.summarized_over_oracle},
              {"switched_ratio", series.switched},
              {"summarized_switched_ratio", series.summary_switched},
              {"stretch_mean", series.stretch_mean},
              {"stretch_p99", series.stretch_p99},
              {"stretch_max", series.stretch_max},
              {"bytes_raw", series.bytes_raw},
              {"bytes_sent", series.bytes_sent},
              {"first_bytes_sent", series.first_bytes},
              {"reduction", series.reduction},
              {"encode_ms", series.encode_ms},
              {"decode_ms", series.decode_ms},
              {"lost_pairs", series.lost}}},
            {"slices", std::move(slices)}};
}

std::string to_text(const ReplayReport& report) {
    const auto series = series_figures(report);
    const SliceFigures& last = report.slices.back();
    std::string text = fmt::format("{} nodes, {} slice(s), paths of at most {} relays, policy {}\n", report.nodes,
                                   report.slices.size(), report.options.relays, name_of(report.options.policy.rule));
    text += fmt::format("  {:<28}{:>10}{:>10}{:>10}\n", fmt::format("RTT in ms, slice {}", last.name), "mean", "p50",
                        "p99");
    text += line_of("direct", last.direct);
    text += line_of("best path (oracle)", last.oracle);
    text += line_of("chosen, full knowledge", last.chosen);
    text += line_of("chosen, with the summary", last.summarized);
    if (last.links) {
        text += fmt::format(
            "Of {} links {:.1f} % are the first hop of a path or backup of one of their ends, {:.1f} % a hop of "
            "anybody's.\n",
            last.links->measured, 100 * ratio(last.links->of_own_paths, last.links->measured),
            100 * ratio(last.links->of_any_paths, last.links->measured));
    }
    text += fmt::format(
        "Over all slices: chosen {:.2f} % above the oracle with full knowledge, {:.2f} % with the "
        "summary;\n  {:.1f} % and {:.1f} % of pairs switch per slice.\n",
        100 * (series.over_oracle - 1), 100 * (series.summarized_over_oracle - 1), 100 * series.switched,
        100 * series.summary_switched);
    text += fmt::format(
        "Summary {}, eps {}: {:.0f} bytes of {:.0f} raw per slice, {:.2f} % fewer (the first took "
        "{:.0f});\n  stretch mean {:.5f}, p99 {:.4f}, max {:.4f}; encode {:.2f} ms, decode {:.2f} ms",
        report.options.summary, report.options.eps, series.bytes_sent, series.bytes_raw, 100 * series.reduction,
        series.first_bytes, series.stretch_mean, series.stretch_p99, series.stretch_max, series.encode_ms,
        series.decode_ms);
    return text +
           (series.lost == 0 ? "\n" : fmt::format("; {} pairs sent over links that are not there\n", series.lost));
}

}  // namespace izar
