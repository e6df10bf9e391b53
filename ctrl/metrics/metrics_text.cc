#include "ctrl/metrics/metrics_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "dataplane/base/check.h"

namespace izar {
namespace {

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') {
            out += '\\';
        }
        out += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    return out;
}

bool is_of(std::string_view name, const MetricFamily& family) {
    if (family.type != "summary") {
        return name == family.name;
    }
    return name.starts_with(family.name) &&
           (name.substr(family.name.size()) == "_sum" || name.substr(family.name.size()) == "_count");
}

}  // namespace

void MetricsText::declare(std::span<const MetricFamily> families) {
    for (const MetricFamily& family : families) {
        families_.push_back(&family);
    }
}

void MetricsText::add(std::string_view name, double value, Labels labels) {
    const auto family =
        std::find_if(families_.begin(), families_.end(), [&](const MetricFamily* each) { return is_of(name, *each); });
    CHECK(family != families_.end());
    CHECK(std::isfinite(value));
    std::string told;
    for (const auto& [key, text] : labels) {
        told += fmt::format("{}{}=\"{}\"", told.empty() ? "" : ",", key, escaped(text));
    }
    lines_[(*family)->name] += fmt::format("{}{} {}\n", name, told.empty() ? "" : "{" + told + "}", value);
}

std::string MetricsText::text() const {
    std::string out;
    for (const MetricFamily* const family : families_) {
        if (const auto lines = lines_.find(family->name); lines != lines_.end()) {
            out += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{3}", family->name, family->help, family->type,
                               lines->second);
        }
    }
    return out;
}

std::string metrics_reference(std::span<const MetricFamily> families) {
    std::string out;
    for (const MetricFamily& family : families) {
        out += fmt::format("| `{}` | {} | {} | {} |\n", family.name, family.type, family.labels, family.help);
    }
    return out;
}

}  // namespace izar
