// replay_test.cc -- The published sets through the whole chain: bounds of every kind, goals, bytes, pictures.
#include "tools/replay/replay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "sched/summary/summarize.h"
#include "sched/summary/testing/links_by_matrix.h"
#include "tools/replay/report.h"

namespace izar {
namespace {

Clock still_clock() {
    return [] { return Instant{}; };
}

std::vector<NamedMatrix> seattle() {
    auto slices = load_matrices(std::string(IZAR_TEST_DATA) + "/rtt-seattle", RttUnit::seconds);
    CHECK(slices.has_value());
    slices->resize(6);
    return std::move(*slices);
}

std::vector<NamedMatrix> planetlab() {
    auto slices = load_matrices(std::string(IZAR_TEST_DATA) + "/rtt-planetlab", RttUnit::milliseconds);
    CHECK(slices.has_value());
    return std::move(*slices);
}

ReplayReport run(const std::vector<NamedMatrix>& slices, std::string_view kind, float eps) {
    ReplayOptions options;
    options.summary = kind;
    options.eps = eps;
    auto report = replay(slices, options, still_clock());
    CHECK(report.has_value());
    return std::move(*report);
}

TEST(Replay, KindsWithABoundKeepItOnARealSeries) {
    const auto slices = seattle();
    for (const auto& kind : channel_kinds()) {
        const auto report = run(slices, kind.name, 0.05F);
        for (const auto& slice : report.slices) {
            EXPECT_LE(slice.oracle.mean, slice.chosen.mean * (1 + 1e-6)) << kind.name;
            EXPECT_GE(slice.stretch.mean, 1 - 1e-6) << kind.name;
            if (kind.bounded) {
                EXPECT_EQ(slice.lost, 0U) << kind.name;
                EXPECT_LE(slice.stretch.max, 1.05 * (1 + 1e-5)) << kind.name << " " << slice.name;
            }
        }
    }
}

TEST(Replay, RealSummariesAreLinkByLinkWhatMatricesSay) {
    auto meshes = seattle();
    meshes.push_back(planetlab().front());
    for (const NamedMatrix& mesh : meshes) {
        for (const auto kind : {SummaryKind::knn, SummaryKind::pruned, SummaryKind::pruned_knn}) {
            const MeshSummary summary = summarize_links(mesh.matrix, {.kind = kind});
            EXPECT_TRUE(known_links(summary) == known_links_by_matrix(summary)) << mesh.name;
        }
    }
}

TEST(Replay, PlanetLabInFull) {
    const auto report = run(planetlab(), "pruned", 0.03F);
    const auto figures = series_figures(report);
    EXPECT_EQ(report.nodes, 490U);
    EXPECT_TRUE(report.symmetric);
    EXPECT_EQ(figures.bytes_raw, 490.0 * 489);
    EXPECT_GE(figures.reduction, 0.95);
    EXPECT_LE(figures.stretch_mean, 1.002);
    EXPECT_LE(figures.stretch_p99, 1.035);
    EXPECT_NEAR(figures.direct_ms, 146.8, 0.1);
    EXPECT_LE(figures.over_oracle, 1.01);
}

TEST(Replay, SeattleInSteadyState) {
    const auto figures = series_figures(run(seattle(), "pruned", 0.03F));
    EXPECT_GE(figures.reduction, 0.95);
    EXPECT_LE(figures.over_oracle, 1.05);
}

TEST(Replay, WithoutRelaysEverythingIsDirect) {
    ReplayOptions options;
    options.relays = 0;
    const auto report = replay(seattle(), options, still_clock());
    ASSERT_TRUE(report);
    for (const auto& slice : report->slices) {
        EXPECT_EQ(slice.direct.mean, slice.oracle.mean);
        EXPECT_EQ(slice.direct.mean, slice.summarized.mean);
        EXPECT_EQ(slice.switched, 0.0);
    }
}

TEST(Replay, WrongOptionsSayWhatToDo) {
    const auto slices = seattle();
    ReplayOptions options;
    options.summary = "best";
    EXPECT_NE(replay(slices, options, still_clock()).error().text.find("use one of: pruned"), std::string::npos);
    options = {};
    options.relays = 3;
    EXPECT_FALSE(replay(slices, options, still_clock()));
    options = {};
    options.eps = 2.0F;
    EXPECT_FALSE(replay(slices, options, still_clock()));
    EXPECT_FALSE(replay({}, {}, still_clock()));
}

TEST(Report, JsonTextAndPictureHoldTheFigures) {
    const auto report = run(seattle(), "pruned", 0.05F);
    const auto json = to_json(report);
    EXPECT_EQ(json["slices"].size(), 6U);
    EXPECT_EQ(json["slices"][0]["bytes_raw"], 99 * 98 * 2);
    EXPECT_GT(json["mean"]["reduction"].get<double>(), 0.9);
    EXPECT_NE(to_text(report).find("99 nodes, 6 slice(s)"), std::string::npos);
    EXPECT_EQ(json["slices"][0]["links"]["measured"], 4829);
    EXPECT_GT(json["slices"][0]["links"]["of_own_paths_ratio"].get<double>(), 0.4);
    EXPECT_NE(to_text(report).find("links 5"), std::string::npos);
    const auto svg = to_svg(report);
    EXPECT_EQ(std::count(svg.begin(), svg.end(), '\n') > 10, true);
    std::size_t curves = 0;
    for (std::size_t at = 0; (at = svg.find("<polyline", at)) != std::string::npos; ++at)
        ++curves;
    EXPECT_EQ(curves, 4U);
    EXPECT_EQ(svg.find("nan"), std::string::npos);
    EXPECT_EQ(svg.find("inf"), std::string::npos);
}

TEST(Report, DistributionIsExact) {
    std::vector<float> values;
    for (int i = 100; i >= 0; --i)
        values.push_back(static_cast<float>(i));
    const auto got = distribution_of(values);
    EXPECT_EQ(got.mean, 50);
    EXPECT_EQ(got.p50, 50);
    EXPECT_EQ(got.p99, 99);
    EXPECT_EQ(got.max, 100);
}

}  // namespace
}  // namespace izar
