// metrics_text.h -- MetricsText: figures of a program in the text format of Prometheus, and the reference of them.
//
// A program has lists of what it can tell; only what stands in one can be told, and docs/metrics.md is made of them.
// Names follow https://prometheus.io/docs/practices/naming: base units, counters end in _total.
//
// Thread: one at a time.
#pragma once

#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace izar {

struct MetricFamily {
    std::string_view name;    // of a summary without _sum and _count
    std::string_view type;    // gauge, counter, summary
    std::string_view labels;  // for people: "node, state"; empty: none
    std::string_view help;
};

class MetricsText {
  public:
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    // The families outlive it.
    void declare(std::span<const MetricFamily> families);
    // Requires that the family is declared: a name as in its list, of a summary with _sum or _count.
    void add(std::string_view name, double value, Labels labels = {});
    // Families in the order of their lists; those without a figure are left out.
    std::string text() const;

  private:
    std::vector<const MetricFamily*> families_;
    std::map<std::string_view, std::string, std::less<>> lines_;  // by family
};

// Rows of a Markdown table: metric, type, labels, meaning.
std::string metrics_reference(std::span<const MetricFamily> families);

}  // namespace izar
