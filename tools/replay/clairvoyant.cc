// clairvoyant.cc -- Dynamic programming over the slices, a pair at a time.
#include "tools/replay/clairvoyant.h"

#include <algorithm>

#include "tools/replay/path_choice.h"

namespace izar {
namespace {

constexpr float kNoPath = 1e6F;  // ms; dearer than any path, so that a course takes it only where nothing else is left

std::vector<RelayChoice> candidates_of(const std::vector<ChosenPaths>& best, std::size_t pair) {
    std::vector<RelayChoice> candidates{RelayChoice{}};
    for (const auto& slice : best)
        if (std::find(candidates.begin(), candidates.end(), slice.relays[pair]) == candidates.end())
            candidates.push_back(slice.relays[pair]);
    return candidates;
}

}  // namespace

std::vector<std::size_t> cheapest_course(const std::vector<std::vector<float>>& costs, float switch_cost) {
    CHECK(!costs.empty() && !costs.front().empty());
    const std::size_t candidates = costs.front().size();
    std::vector<float> least(candidates, 0.0F);  // of courses that end with each candidate
    std::vector<std::vector<std::size_t>> before(costs.size(), std::vector<std::size_t>(candidates));
    for (std::size_t slice = 0; slice < costs.size(); ++slice) {
        const auto cheapest = static_cast<std::size_t>(std::min_element(least.begin(), least.end()) - least.begin());
        const float moved = least[cheapest] + (slice == 0 ? 0.0F : switch_cost);
        for (std::size_t c = 0; c < candidates; ++c) {
            before[slice][c] = moved < least[c] ? cheapest : c;
            least[c] = std::min(moved, least[c]) + costs[slice][c];
        }
    }
    std::vector<std::size_t> course(costs.size());
    course.back() = static_cast<std::size_t>(std::min_element(least.begin(), least.end()) - least.begin());
    for (std::size_t slice = costs.size() - 1; slice > 0; --slice)
        course[slice - 1] = before[slice][course[slice]];
    return course;
}

std::vector<std::size_t> course_with_foresight(const std::vector<std::vector<float>>& costs, float switch_cost,
                                               std::size_t foresight) {
    constexpr float kTieStays = 0.01F;
    std::vector<std::size_t> course;
    for (std::size_t slice = 0; slice < costs.size(); ++slice) {
        const std::size_t known = std::min(costs.size() - slice, foresight == kAllSlices ? foresight : foresight + 1);
        const auto begin = costs.begin() + static_cast<std::ptrdiff_t>(slice);
        std::vector<std::vector<float>> ahead(begin, begin + static_cast<std::ptrdiff_t>(known));
        for (std::size_t c = 0; slice > 0 && c < ahead.front().size(); ++c)
            ahead.front()[c] += c == course.back() ? 0.0F : switch_cost + kTieStays;
        course.push_back(cheapest_course(ahead, switch_cost).front());
    }
    return course;
}

CourseFigures cheapest_courses(const std::vector<const RttMatrix*>& slices, float switch_cost, std::size_t foresight) {
    CHECK(slices.size() > 1);
    const std::size_t nodes = slices.front()->nodes();
    std::vector<ChosenPaths> best;
    for (const RttMatrix* slice : slices)
        best.push_back(choose_paths(*slice, *slice, 2));
    double chosen = 0;
    double oracle = 0;
    std::size_t switches = 0;
    std::size_t steps = 0;
    for (std::size_t from = 0; from < nodes; ++from)
        for (std::size_t to = 0; to < nodes; ++to) {
            if (from == to)
                continue;
            const auto candidates = candidates_of(best, from * nodes + to);
            std::vector<std::vector<float>> costs(slices.size());
            for (std::size_t s = 0; s < slices.size(); ++s)
                for (const auto& relays : candidates)
                    costs[s].push_back(std::min(kNoPath, path_cost(*slices[s], *slices[s], from, to, relays)));
            const auto course = foresight == kAllSlices ? cheapest_course(costs, switch_cost)
                                                        : course_with_foresight(costs, switch_cost, foresight);
            for (std::size_t s = 0; s < slices.size(); ++s) {
                switches += s > 0 && course[s] != course[s - 1] ? 1 : 0;
                steps += s > 0 ? 1 : 0;
                if (slices[s]->at(from, to) == kUnknownRtt)
                    continue;
                chosen += static_cast<double>(costs[s][course[s]]);
                oracle += static_cast<double>(best[s].cost.at(from, to));
            }
        }
    return {chosen / oracle - 1, static_cast<double>(switches) / static_cast<double>(steps)};
}

}  // namespace izar
