#include "tools/trace/trace_replay.h"

#include <fmt/format.h>

#include <map>
#include <optional>

#include "sched/explain.h"
#include "sched/scheduler.h"
#include "tools/trace/trace_format.h"

namespace izar {
namespace {

constexpr std::size_t kMostCandidates = 6;  // shown

// A node without lcores: the scheduler with its rings, and what it last decided.
class ReplayedNode {
  public:
    explicit ReplayedNode(std::uint16_t overlay_mtu, const std::function<void(const TraceDecision&)>& tell)
        : scheduler_(publisher_, rings_, feed_, view_, overlay_mtu), tell_(tell) {}

    void take(const TraceReport& event) {
        run_until(event.now);
        if (!ring_.push(event.report)) {
            round();
            ring_.push(event.report);
        }
    }
    void take(const TraceUpdate& event) {
        run_until(event.now);
        round();  // what came before it
        feed_.push(event.update);
        round();
    }
    void round() {
        scheduler_.do_work(thread_, now_);
        tell_changes();
    }

    Nanos length() const { return begun_ ? now_ - *begun_ : Nanos{}; }
    std::uint64_t decisions() const { return decisions_; }

  private:
    using Way = std::vector<std::string>;

    void run_until(Instant then) {
        if (!begun_) {
            begun_ = now_ = then;
        }
        if (then > now_) {
            round();  // all events of the instant before
        }
        while (now_ + Scheduler::kPlanInterval < then) {
            now_ += Scheduler::kPlanInterval;
            round();
        }
        now_ = std::max(now_, then);
    }

    void tell_changes() {
        if (scheduler_.fleet() == nullptr) {
            return;
        }
        for (const PathStatus& path : scheduler_.status(now_).paths) {
            Way& known = ways_[{path.policy, path.node}];
            if (path.segment_names != known) {
                tell(path, std::exchange(known, path.segment_names));
            }
        }
    }
    void tell(const PathStatus& path, Way before) {
        const NodeId self = scheduler_.fleet()->node(scheduler_.fleet()->self).id;
        Explanation explained = explain(scheduler_, {.from = self, .to = path.node, .policy = path.policy}, now_);
        ++decisions_;
        tell_({length(), path.policy, path.name, path.segment_names, std::move(before), path.why,
               std::move(explained.candidates)});
    }

    OnSched thread_ = OnSched::claim();
    Publisher publisher_{1};
    LinkReportRing ring_;
    LinkReportRing* rings_[1] = {&ring_};
    FeedRing feed_;
    SchedulerView view_;
    Scheduler scheduler_;
    const std::function<void(const TraceDecision&)>& tell_;
    Instant now_{};
    std::optional<Instant> begun_;
    std::map<std::pair<std::string, NodeId>, Way> ways_;
    std::uint64_t decisions_ = 0;
};

std::string joined(const std::vector<std::string>& way) {
    std::string out;
    for (const std::string& node : way) {
        out += (out.empty() ? "" : " > ") + node;
    }
    return out.empty() ? "none" : out;
}

}  // namespace

Result<TraceSummary> replay_trace(std::istream& trace, const std::string& name,
                                  const std::function<void(const TraceDecision&)>& tell) {
    TraceSummary summary;
    std::unique_ptr<ReplayedNode> node;
    std::size_t number = 0;
    for (std::string line; std::getline(trace, line);) {
        const auto wrong = [&](std::string_view why) { return fail(fmt::format("{}:{}: {}", name, number, why)); };
        ++number;
        const auto event = parse_trace_line(line);
        if (!event) {
            return wrong(event.error().text);
        }
        if (const auto* head = std::get_if<TraceHead>(&*event)) {
            node = std::make_unique<ReplayedNode>(head->overlay_mtu, tell);
            continue;
        }
        if (node == nullptr) {
            return wrong("is an event before the first line of a trace; give the file from its beginning");
        }
        ++summary.events;
        if (const auto* report = std::get_if<TraceReport>(&*event)) {
            node->take(*report);
        } else if (const auto* update = std::get_if<TraceUpdate>(&*event)) {
            node->take(*update);
        } else {
            summary.missing += std::get<TraceLoss>(*event).events;
        }
    }
    if (node == nullptr) {
        return fail(fmt::format("{}: is empty; record one with izar-edge --trace FILE", name));
    }
    node->round();
    summary.decisions = node->decisions();
    summary.length = node->length();
    return summary;
}

std::string text_of(const TraceDecision& decision) {
    const double seconds = std::chrono::duration<double>(decision.at).count();
    std::string out = fmt::format("{:.3f} s  {}, policy {}: {}, was {}: {}\n", seconds, decision.destination,
                                  decision.policy, joined(decision.path), joined(decision.before), decision.why);
    for (std::size_t i = 0; i < std::min(decision.candidates.size(), kMostCandidates); ++i) {
        const PathExplanation& candidate = decision.candidates[i];
        std::string way;
        std::string terms;
        for (const PathExplanation::Link& link : candidate.links) {
            way += (way.empty() ? "" : " > ") + link.to;
            const CostTerms& t = link.terms;
            terms += t.total == kUnknownCost ? fmt::format("  {} not usable", link.to)
                                             : fmt::format("  {} {:.3f}+{:.3f}+{:.3f}+{:.3f}", link.to, t.delay_ms,
                                                           t.loss_ms, t.load_ms, t.hold_ms);
        }
        const auto cost =
            candidate.cost
                ? fmt::format("{:.3f} ms", std::chrono::duration<double, std::milli>(*candidate.cost).count())
                : std::string{"-"};
        out += fmt::format("    {:<24} {:>12}  {}{}\n", way, cost,
                           candidate.in_use ? "in use" : (candidate.is_backup ? "backup" : ""), terms);
    }
    return out;
}

}  // namespace izar
