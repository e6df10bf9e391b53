// report_svg.cc -- Cumulative distributions: for every RTT the share of pairs that have at most it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tools/replay/report.h"

namespace izar {
namespace {

constexpr double kWidth = 760;
constexpr double kHeight = 440;
constexpr double kLeft = 60;
constexpr double kRight = 20;
constexpr double kTop = 40;
constexpr double kBottom = 60;
constexpr int kPoints = 240;  // of a curve

struct Curve {
    std::string_view name;
    std::string_view colour;
    const std::vector<float>* sorted;
};

class Axes {
  public:
    Axes(double least, double most) : low_(std::log10(least)), high_(std::log10(most)) {}
    double x(double ms) const {
        const double share = (std::log10(ms) - low_) / std::max(high_ - low_, 1e-9);
        return kLeft + std::clamp(share, 0.0, 1.0) * (kWidth - kLeft - kRight);
    }
    static double y(double share) { return kHeight - kBottom - share * (kHeight - kTop - kBottom); }

  private:
    double low_;
    double high_;
};

std::string polyline(const Curve& curve, const Axes& axes) {
    std::string points;
    const auto& sorted = *curve.sorted;
    for (int point = 0; point <= kPoints; ++point) {
        const double share = static_cast<double>(point) / kPoints;
        const auto at = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1));
        points += fmt::format("{:.1f},{:.1f} ", axes.x(static_cast<double>(sorted[at])), Axes::y(share));
    }
    return fmt::format("<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"2\" points=\"{}\"/>\n", curve.colour,
                       points);
}

std::string text_at(double x, double y, std::string_view anchor, std::string_view text) {
    return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor, text);
}

std::string line(double x1, double y1, double x2, double y2) {
    return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#ddd\"/>\n", x1, y1, x2,
                       y2);
}

std::string grid(double least, double most, const Axes& axes) {
    std::string svg;
    for (const double share : {0.0, 0.25, 0.5, 0.75, 1.0}) {
        svg += line(kLeft, Axes::y(share), kWidth - kRight, Axes::y(share));
        svg += text_at(kLeft - 8, Axes::y(share) + 4, "end", fmt::format("{:.0f} %", 100 * share));
    }
    for (double decade = std::pow(10, std::floor(std::log10(least))); decade <= most; decade *= 10)
        for (const double tick : {decade, 2 * decade, 5 * decade})
            if (tick >= least && tick <= most) {
                svg += line(axes.x(tick), kTop, axes.x(tick), kHeight - kBottom);
                svg += text_at(axes.x(tick), kHeight - kBottom + 18, "middle", fmt::format("{:g}", tick));
            }
    return svg;
}

}  // namespace

std::string to_svg(const ReplayReport& report) {
    const std::array<Curve, 4> curves{{{"direct", "#888888", &report.direct},
                                       {"oracle", "#1b9e77", &report.oracle},
                                       {"chosen, full knowledge", "#d95f02", &report.chosen},
                                       {"chosen, with the summary", "#7570b3", &report.summarized}}};
    std::string svg = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
        "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n",
        kWidth, kHeight);
    svg += text_at(kLeft, 22, "start",
                   fmt::format("RTT of all pairs of {} nodes; summary {}, eps {}", report.nodes, report.options.summary,
                               report.options.eps));
    if (!report.oracle.empty()) {
        // The outermost pairs in a thousand would squeeze everybody else.
        const auto share = [](const std::vector<float>& sorted, double part) {
            return static_cast<double>(sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))]);
        };
        const double least = std::max(share(report.oracle, 0.001), 1e-3);
        const double most = std::max(share(report.direct, 0.999), least * 1.01);
        const Axes axes(least, most);
        svg += grid(least, most, axes);
        double at = kTop + 16;
        for (const Curve& curve : curves) {
            svg += polyline(curve, axes);
            svg += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"14\" height=\"4\" fill=\"{}\"/>\n", kLeft + 12, at - 6,
                               curve.colour);
            svg += text_at(kLeft + 32, at, "start", curve.name);
            at += 18;
        }
    }
    svg += text_at((kLeft + kWidth - kRight) / 2, kHeight - 16, "middle", "RTT in ms (logarithmic)");
    return svg + "</svg>\n";
}

}  // namespace izar
