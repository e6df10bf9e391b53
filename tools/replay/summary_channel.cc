// summary_channel.cc -- The izar kinds: summaries exchanged with acknowledgement, as a controller does.
#include "tools/replay/summary_channel.h"

#include <fmt/format.h>

#include "sched/summary/exchange.h"
#include "sched/summary/summarize.h"
#include "tools/replay/rival_channels.h"

namespace izar {
namespace {

// A second path may cost this much more before it counts as missing.
constexpr float kBackupEps = 0.25F;

class ExchangeChannel final : public SummaryChannel {
  public:
    ExchangeChannel(SummaryRule rule, Clock clock) : rule_(std::move(rule)), clock_(std::move(clock)) {}

    Told tell(const RttMatrix& slice) override {
        const Instant start = clock_();
        const auto bytes = sender_.send(summarize_links(slice, rule_, sender_.base()));
        const Instant sent = clock_();
        const auto generation = receiver_.receive(bytes);
        const Instant received = clock_();
        CHECK(generation.has_value());
        sender_.on_acknowledged(*generation);
        return {bytes.size(), receiver_.newest()->believed_links(), sent - start, received - sent};
    }

  private:
    SummaryRule rule_;
    Clock clock_;
    SummarySender sender_;
    SummaryReceiver receiver_;
};

}  // namespace

const std::vector<ChannelKind>& channel_kinds() {
    static const std::vector<ChannelKind> kinds{
        {"pruned", "links that paths need, by the per-pair rule", true},
        {"pruned-knn", "the same, represented by their region pair where it can stand for them", true},
        {"pruned-backups", "the same as pruned, and what a disjoint second path needs", true},
        {"knn", "every link: represented by its region pair, or singular", true},
        {"spanner", "links that no path of three kept ones replaces", false},
        {"medians", "one median per region pair, nothing else", false},
        {"arcturus", "gap clustering per region pair, singular values and means", false},
        {"zstd", "every link at the precision of pruned, zstd 19 with the slice before as prefix", true},
        {"raw", "every link in two bytes", true},
    };
    return kinds;
}

Result<std::unique_ptr<SummaryChannel>> make_channel(std::string_view kind, float eps, Clock clock) {
    SummaryRule rule;
    rule.eps = eps;
    if (kind == "pruned" || kind == "pruned-knn" || kind == "pruned-backups" || kind == "knn") {
        rule.kind = kind == "knn"          ? SummaryKind::knn
                    : kind == "pruned-knn" ? SummaryKind::pruned_knn
                                           : SummaryKind::pruned;
        if (kind == "pruned-backups")
            rule.backup_eps = kBackupEps;
        return std::make_unique<ExchangeChannel>(std::move(rule), std::move(clock));
    }
    if (auto rival = make_rival_channel(kind, eps, std::move(clock)))
        return rival;
    std::string names;
    for (const auto& known : channel_kinds())
        names += fmt::format(" {}", known.name);
    return fail(fmt::format("summary kind '{}' is not known; use one of:{}", kind, names));
}

std::size_t raw_bytes(const RttMatrix& slice) {
    const std::size_t links = slice.nodes() * (slice.nodes() - 1);
    return 2 * (slice.symmetric() ? links / 2 : links);
}

}  // namespace izar
