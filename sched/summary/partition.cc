// partition.cc -- Singular or not, and the value that stands for those who are not.
#include "sched/summary/partition.h"

#include <algorithm>
#include <cmath>

#include "dataplane/base/check.h"

namespace izar {
namespace {

// Octaves below which a distance is noise: the measurements' own resolution, whatever the deviations say.
constexpr float kNoise = 1.0F / 128;

float median_of(std::vector<float> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

// Distances beyond this are those of singular items.
float distance_limit(const std::vector<float>& distances, float mads) {
    const float median = median_of(distances);
    std::vector<float> deviations;
    deviations.reserve(distances.size());
    for (const float distance : distances)
        deviations.push_back(std::abs(distance - median));
    return median + mads * std::max(median_of(std::move(deviations)), kNoise);
}

bool represents(float group, float value, float eps) {
    return value <= group && group <= value * (1.0F + eps);
}

}  // namespace

Code central_code(float value, const Quantizer& quantizer, float eps) {
    const Code up = quantizer.encode(value * (1.0F + eps / 2));
    // Rounding up must not push the window past the value that it is made for.
    return quantizer.decode(up) <= value * (1.0F + eps) ? up : quantizer.encode(value);
}

Partition partition_items(std::span<const float> values, std::span<const Quantizer> quantizers,
                          const PartitionRule& rule) {
    const std::size_t features = quantizers.size();
    CHECK(features > 0 && values.size() % features == 0);
    const std::size_t items = values.size() / features;
    Partition result{std::vector<Code>(features, kUnknownCode), std::vector<std::uint8_t>(items, 1)};

    std::vector<std::uint32_t> known;  // items whose values are all known
    std::vector<float> points;
    for (std::size_t item = 0; item < items; ++item) {
        const auto row = values.subspan(item * features, features);
        if (!std::all_of(row.begin(), row.end(), [](float v) { return v <= Quantizer::kMost; }))
            continue;
        known.push_back(static_cast<std::uint32_t>(item));
        for (const float value : row)
            points.push_back(std::log2(std::max(value, Quantizer::kLeast)));
    }
    if (known.empty())
        return result;

    const auto distances = neighbour_distances(points, features, rule.neighbours);
    const float limit = distance_limit(distances, rule.mads);
    for (std::size_t i = 0; i < known.size(); ++i)
        result.singular[known[i]] = distances[i] > limit;

    for (std::size_t feature = 0; feature < features; ++feature) {
        std::vector<float> plain;
        for (const auto item : known)
            if (!result.singular[item])
                plain.push_back(values[item * features + feature]);
        result.group[feature] = central_code(median_of(std::move(plain)), quantizers[feature], rule.eps_for(feature));
    }
    for (const auto item : known)
        for (std::size_t feature = 0; feature < features; ++feature)
            if (!represents(quantizers[feature].decode(result.group[feature]), values[item * features + feature],
                            rule.eps_for(feature)))
                result.singular[item] = 1;
    return result;
}

}  // namespace izar
