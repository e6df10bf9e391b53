// arcturus.cc -- Written from the published description; no code of that system was used.
#include "tools/replay/arcturus.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "dataplane/base/check.h"

namespace izar {
namespace {

float median_of(std::vector<float> values) {
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// The value below which a share of a sorted sample lies, between its neighbours in proportion.
float quantile(std::span<const float> sorted, float share) {
    const float at = share * static_cast<float>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (at - static_cast<float>(below)) * (sorted[above] - sorted[below]);
}

// The largest run of sorted values without a wide gap; the first of equals.
std::span<const float> main_cluster(std::span<const float> sorted) {
    if (sorted.size() < 2)
        return sorted;
    std::vector<float> gaps;
    gaps.reserve(sorted.size());
    for (std::size_t i = 1; i < sorted.size(); ++i)
        gaps.push_back(sorted[i] - sorted[i - 1]);
    const float median = median_of(gaps);
    std::vector<float> deviations;
    deviations.reserve(gaps.size());
    for (const float gap : gaps)
        deviations.push_back(std::abs(gap - median));
    const float widest = median + 2.5F * median_of(std::move(deviations)) / 0.6745F;
    std::span<const float> best;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= gaps.size(); ++i)
        if (i == gaps.size() || gaps[i] > widest) {
            if (i + 1 - begin > best.size())
                best = sorted.subspan(begin, i + 1 - begin);
            begin = i + 1;
        }
    return best;
}

}  // namespace

ArcturusPartition partition_by_gaps(std::span<const float> values) {
    CHECK(!values.empty());
    std::vector<float> sorted(values.begin(), values.end());
    std::sort(sorted.begin(), sorted.end());
    const auto cluster = main_cluster(sorted);
    const auto count = static_cast<float>(cluster.size());
    const float mean = std::accumulate(cluster.begin(), cluster.end(), 0.0F) / count;
    float squares = 0;
    for (const float value : cluster)
        squares += (value - mean) * (value - mean);
    const float two_sigma = 2 * std::sqrt(squares / count);
    const float low_quartile = quantile(cluster, 0.25F);
    const float high_quartile = quantile(cluster, 0.75F);
    const float reach = 1.5F * (high_quartile - low_quartile);
    ArcturusPartition result{mean, {}};
    for (std::uint32_t i = 0; i < values.size(); ++i) {
        const float value = values[i];
        if (std::abs(value - mean) > two_sigma || value < low_quartile - reach || value > high_quartile + reach)
            result.singular.push_back(i);
    }
    return result;
}

}  // namespace izar
