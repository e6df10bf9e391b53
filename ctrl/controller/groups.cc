#include "ctrl/controller/groups.h"

#include <control.pb.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "ctrl/frames/messages.h"

namespace izar {
namespace {

constexpr std::string_view kEpochsDocument = "group-epochs";  // the first epoch that nobody took
constexpr std::string_view kOrigins = "origin";               // target_region of what is no node

std::set<std::string> addresses_of(const DesiredState& fleet) {
    std::set<std::string> out;
    for (const auto& [id, node] : fleet.nodes()) {
        out.insert(node.overlay_address.text());
    }
    for (const auto& [id, service] : fleet.services()) {
        for (const Origin& origin : service.origins) {
            out.insert(origin.address.text());
        }
    }
    return out;
}

}  // namespace

Groups::Groups(Store& store, Instant begun, std::function<WallTime()> wall_clock)
    : store_(store), wall_clock_(std::move(wall_clock)), leases_(begun, [this] { return next_epoch(); }) {}

std::optional<GroupEpoch> Groups::next_epoch() {
    if (next_epoch_ == end_of_block_) {
        const auto documents = store_.documents();
        if (!documents) {
            return std::nullopt;
        }
        std::uint64_t first = 1;
        if (const auto found = std::ranges::find(*documents, kEpochsDocument, &Document::name);
            found != documents->end()) {
            std::from_chars(found->body.data(), found->body.data() + found->body.size(), first);
        }
        const auto taken = store_.set_document(kEpochsDocument, std::to_string(first + kEpochBlock), wall_clock_());
        if (!taken) {
            return std::nullopt;
        }
        next_epoch_ = first;
        end_of_block_ = first + kEpochBlock;
    }
    return GroupEpoch{next_epoch_++};
}

std::optional<std::map<NodeId, control::ProbeTasks>> Groups::assigned(const NodeRecord& from,
                                                                      const control::GroupTasks& tasks,
                                                                      const DesiredState& fleet, Instant now) const {
    if (!leases_.leads(from.region, from.id, GroupEpoch{tasks.epoch()}, now)) {
        return std::nullopt;
    }
    std::map<NodeId, control::ProbeTasks> out;
    const auto known = addresses_of(fleet);
    for (const control::ProbeTask& task : tasks.tasks()) {
        const auto member = fleet.records().find(NodeId{static_cast<std::uint16_t>(task.member())});
        const auto target = read_target(task.target());
        if (target && member != fleet.records().end() && task.member() == raw(member->first) &&
            member->second.region == from.region && known.contains(target->address.text())) {
            control::ProbeTasks& told = out[member->first];
            told.set_epoch(tasks.epoch());
            *told.add_targets() = task.target();
        }
    }
    return out;
}

std::optional<std::map<NodeId, std::uint32_t>> Groups::shares_told(const NodeRecord& from,
                                                                   const control::GroupShares& shares,
                                                                   Instant now) const {
    if (!leases_.leads(from.region, from.id, GroupEpoch{shares.epoch()}, now)) {
        return std::nullopt;
    }
    std::map<NodeId, std::uint32_t> out;
    for (const control::MemberShare& each : shares.members()) {
        if (each.node() <= 0xFFFF && each.share() <= 1'000) {
            out[NodeId{static_cast<std::uint16_t>(each.node())}] = each.share();
        }
    }
    return out;
}

bool Groups::note_refused(const NodeRecord& from, Instant now) {
    ++counts_[from.region].refused;
    const auto [told, is_first] = refusals_told_.try_emplace(from.id, now);
    if (!is_first && now - told->second < kGroupLease) {
        return false;
    }
    told->second = now;
    return true;
}

void Groups::take_results(const NodeRecord& from, const control::ProbeResults& results, const DesiredState& fleet) {
    Counts& counts = counts_[from.region];
    const WallTime now = wall_clock_();
    for (const control::ProbeResult& result : results.results()) {
        const auto answer = read_result(result);
        if (!answer) {
            continue;
        }
        const auto node = fleet.nodes().find(answer->target.node);
        const bool answered = answer->measured.samples != 0;
        ++(answered ? counts.answered : counts.lost);
        if (answer->target.stamp && node != fleet.nodes().end()) {
            note_stamp(from.id, *answer, now);
        }
        if (!answered || waiting_.size() >= kMostWaiting) {
            continue;
        }
        RegionProbe probe;
        probe.source_ip = from.address.text();
        probe.source_region = from.region;
        probe.target_ip = answer->target.address.text();
        probe.target_region = node == fleet.nodes().end() ? kOrigins : std::string_view(node->second.region);
        probe.tcp_delay =
            static_cast<std::uint32_t>(std::chrono::round<std::chrono::milliseconds>(answer->measured.mean).count());
        probe.probe_time = now;
        waiting_.push_back(std::move(probe));
    }
}

void Groups::note_stamp(NodeId from, const ProbeAnswer& answer, WallTime now) {
    const Measurement& measured = answer.measured;
    if (measured.samples + measured.lost == 0 || stamps_.size() + 2 > kMostWaiting) {
        return;
    }
    const HistorySubject way{from, answer.target.node};
    stamps_.push_back({way, HistoryMetric::stamp_loss_ratio, now, measured.loss_ratio()});
    if (measured.samples != 0) {
        const std::chrono::duration<double, std::milli> rtt = measured.mean;
        stamps_.push_back({way, HistoryMetric::stamp_rtt_ms, now, rtt.count()});
    }
}

Result<void> Groups::write_round() {
    const auto probes = std::exchange(waiting_, {});
    const auto stamps = std::exchange(stamps_, {});
    const auto probes_written = probes.empty() ? StoreResult<void>{} : store_.write_region_probes(probes);
    const auto stamps_written = stamps.empty() ? StoreResult<void>{} : store_.write_history(stamps);
    for (const auto* const written : {&probes_written, &stamps_written}) {
        if (!*written) {
            return fail(written->error().text);
        }
    }
    return {};
}

std::vector<Groups::Row> Groups::rows(const DesiredState& fleet, Instant now) const {
    std::map<std::string, Row> by_region;
    for (const auto& [id, node] : fleet.nodes()) {
        Row& row = by_region[node.region];
        row.region = node.region;
        ++row.members;
    }
    std::vector<Row> out;
    for (auto& [region, row] : by_region) {
        row.state = leases_.state(region, now);
        if (const auto counts = counts_.find(region); counts != counts_.end()) {
            row.answered = counts->second.answered;
            row.lost = counts->second.lost;
            row.refused = counts->second.refused;
        }
        out.push_back(std::move(row));
    }
    return out;
}

}  // namespace izar
