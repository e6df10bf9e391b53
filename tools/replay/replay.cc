// replay.cc -- Slice by slice: tell, choose, keep or switch, measure.
#include "tools/replay/replay.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sched/hysteresis.h"
#include "tools/replay/path_choice.h"

namespace izar {
namespace {

// A cost for the switching rule: beyond its range the worst, unknown as unknown.
Cost to_cost(float ms) {
    if (ms == kUnknownRtt)
        return kUnknownCost;
    return static_cast<Cost>(std::clamp(ms * 1000.0F, static_cast<float>(kLeastCost), static_cast<float>(kWorstCost)));
}

// What all nodes use, over the slices, when they know their own rows and believe a matrix about the rest.
class Steering {
  public:
    Steering(std::size_t nodes, const SwitchMargins& margins) : nodes_(nodes), margins_(margins), use_(nodes * nodes) {}

    // Share of pairs that moved. Pairs without any path are passed over.
    double follow(const RttMatrix& own, const RttMatrix& believed, const ChosenPaths& best, Instant now) {
        std::size_t moved = 0;
        std::size_t pairs = 0;
        for (std::size_t from = 0; from < nodes_; ++from)
            for (std::size_t to = 0; to < nodes_; ++to) {
                if (from == to || best.cost.at(from, to) == kUnknownRtt)
                    continue;
                InUse& use = use_[from * nodes_ + to];
                const RelayChoice& wanted = best.relays[from * nodes_ + to];
                ++pairs;
                if (!use.any) {
                    use = {true, wanted, {}};
                    continue;
                }
                if (use.relays == wanted)
                    continue;
                const Cost current = to_cost(path_cost(own, believed, from, to, use.relays));
                const auto reason = judge_switch(margins_, current, to_cost(best.cost.at(from, to)), use.damper, now);
                if (reason != PathReason::better && reason != PathReason::failed_over)
                    continue;
                if (reason == PathReason::better)
                    use.damper.change(now);
                use.relays = wanted;
                ++moved;
            }
        return pairs == 0 ? 0 : static_cast<double>(moved) / static_cast<double>(pairs);
    }

    const RelayChoice& in_use(std::size_t from, std::size_t to) const { return use_[from * nodes_ + to].relays; }

  private:
    struct InUse {
        bool any = false;
        RelayChoice relays;
        FlapDamper damper;
    };

    std::size_t nodes_;
    SwitchMargins margins_;
    std::vector<InUse> use_;
};

// What the policy makes of the RTTs.
RttMatrix priced(const RttMatrix& rtt, const RoutingPolicy& policy) {
    RttMatrix result(rtt.nodes());
    for (std::size_t from = 0; from < rtt.nodes(); ++from)
        for (std::size_t to = 0; to < rtt.nodes(); ++to) {
            if (from == to || rtt.at(from, to) == kUnknownRtt)
                continue;
            const auto delay = std::chrono::duration<double, std::milli>(rtt.at(from, to));
            const auto terms = link_cost(policy, {.rtt = std::chrono::duration_cast<Nanos>(delay)});
            result.set(from, to, static_cast<float>(terms.delay_ms + terms.loss_ms + terms.load_ms));
        }
    return result;
}

double to_ms(Nanos time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

class Replay {
  public:
    Replay(std::size_t nodes, const ReplayOptions& options, std::unique_ptr<SummaryChannel> channel)
        : channel_(std::move(channel)), full_(nodes, options.policy.margins), told_(nodes, options.policy.margins) {
        report_.nodes = nodes;
        report_.options = options;
    }

    void run(const NamedMatrix& slice) {
        const RttMatrix matrix = priced(slice.matrix, report_.options.policy);
        report_.symmetric = matrix.symmetric();
        const Instant now{report_.options.interval * static_cast<int>(report_.slices.size())};
        SliceFigures figures;
        figures.name = slice.name;
        figures.bytes_raw = raw_bytes(matrix);
        figures.links = count_links_in_use(matrix);
        const Told told = channel_->tell(matrix);
        figures.bytes_sent = told.bytes;
        figures.encode_ms = to_ms(told.encode);
        figures.decode_ms = to_ms(told.decode);
        const auto best = choose_paths(matrix, matrix, report_.options.relays);
        const auto believed = choose_paths(matrix, told.believed, report_.options.relays);
        figures.switched = full_.follow(matrix, matrix, best, now);
        figures.summary_switched = told_.follow(matrix, told.believed, believed, now);
        measure(matrix, best, believed, figures);
        report_.slices.push_back(std::move(figures));
    }

    ReplayReport take() { return std::move(report_); }

  private:
    void measure(const RttMatrix& matrix, const ChosenPaths& best, const ChosenPaths& believed, SliceFigures& figures) {
        std::vector<float> stretch;
        for (auto* sample : {&report_.direct, &report_.oracle, &report_.chosen, &report_.summarized})
            sample->clear();
        const std::size_t nodes = matrix.nodes();
        for (std::size_t from = 0; from < nodes; ++from)
            for (std::size_t to = 0; to < nodes; ++to) {
                const float direct = matrix.at(from, to);
                if (from == to || direct == kUnknownRtt)
                    continue;
                const auto cost = [&](const RelayChoice& relays) {
                    return path_cost(matrix, matrix, from, to, relays);
                };
                const float oracle = best.cost.at(from, to);
                const float told = cost(believed.relays[from * nodes + to]);
                const float kept = cost(told_.in_use(from, to));
                ++figures.pairs;
                if (told == kUnknownRtt || kept == kUnknownRtt) {
                    ++figures.lost;
                    continue;
                }
                report_.direct.push_back(direct);
                report_.oracle.push_back(oracle);
                report_.chosen.push_back(cost(full_.in_use(from, to)));
                report_.summarized.push_back(kept);
                stretch.push_back(told / oracle);
            }
        if (stretch.empty())
            return;
        figures.direct = distribution_of(report_.direct);
        figures.oracle = distribution_of(report_.oracle);
        figures.chosen = distribution_of(report_.chosen);
        figures.summarized = distribution_of(report_.summarized);
        figures.stretch = distribution_of(stretch);
    }

    std::unique_ptr<SummaryChannel> channel_;
    Steering full_;
    Steering told_;
    ReplayReport report_;
};

}  // namespace

Distribution distribution_of(std::vector<float>& values) {
    CHECK(!values.empty());
    std::sort(values.begin(), values.end());
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    const auto at = [&](double share) {
        return static_cast<double>(values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))]);
    };
    return {sum / static_cast<double>(values.size()), at(0.5), at(0.99), static_cast<double>(values.back())};
}

Result<ReplayReport> replay(const std::vector<NamedMatrix>& slices, const ReplayOptions& options, const Clock& clock) {
    if (slices.empty())
        return fail("there is no slice to replay; give a matrix file or a directory of them");
    if (options.relays < 0 || options.relays > 2)
        return fail("a path has 0, 1 or 2 relays");
    if (!(options.eps >= 0.0F && options.eps <= 1.0F))
        return fail("eps is a ratio from 0 to 1, for instance 0.03");
    auto channel = make_channel(options.summary, options.eps, clock);
    if (!channel)
        return tl::unexpected(channel.error());
    Replay run(slices.front().matrix.nodes(), options, std::move(*channel));
    for (const auto& slice : slices)
        run.run(slice);
    return run.take();
}

}  // namespace izar
