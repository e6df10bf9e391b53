#include "perf/forward/table_builds.h"

#include <utility>
#include <vector>

#include "dataplane/base/check.h"
#include "perf/full_fleet.h"

namespace izar {
namespace {

constexpr std::size_t kFleet = kMaxNodes;
constexpr NodeSlot kSelf{0};
constexpr std::size_t kMeasuredARound = 64;  // of the own links: each is measured anew every sixteenth round

constexpr NodeSlot slot_of(std::size_t number) {
    return NodeSlot{static_cast<std::uint16_t>(number)};
}
constexpr NodeId node_of(std::size_t number) {
    return NodeId{static_cast<std::uint16_t>(number + 1)};
}

std::shared_ptr<const Fleet> full_fleet() {
    auto fleet = std::make_shared<Fleet>();
    fleet->version = 1;
    fleet->self = kSelf;
    for (std::size_t i = 0; i < kFleet; ++i) {
        const Ipv4Address address{Be32{0x0A4D0001U + static_cast<std::uint32_t>(i)}};
        fleet->nodes.push_back({node_of(i), IpAddress{address}, "", ""});
        fleet->slot_of_id[raw(node_of(i))] = slot_of(i);
    }
    return fleet;
}

// Everything but the own row, which is measured.
FeedUpdate links_of_others(const std::vector<std::chrono::microseconds>& rtts) {
    FeedUpdate update;
    for (std::size_t from = 1; from < kFleet; ++from) {
        for (std::size_t to = 0; to < kFleet; ++to) {
            if (from != to) {
                const Nanos rtt = rtts[from * kFleet + to];
                update.links.push_back({.from = node_of(from), .to = node_of(to), .rtt = rtt, .count = 1});
            }
        }
    }
    return update;
}

std::shared_ptr<const ServiceTable> services_of(std::uint32_t version) {
    return std::make_shared<const ServiceTable>(full_services(version), version);
}

}  // namespace

TableBuilds::TableBuilds(Instant now) : services_{services_of(1), services_of(2)} {
    const auto rtts = full_mesh();
    own_rtts_.assign(rtts.begin(), rtts.begin() + kFleet);
    feed({.fleet = full_fleet(), .services = services_[0]});
    feed(links_of_others(rtts));
    measure_some(kFleet - 1, now);
    scheduler_.do_work(thread_, now);
    CHECK(built() == 1);
}

void TableBuilds::feed(FeedUpdate update) {
    CHECK(feed_.push(std::make_shared<const FeedUpdate>(std::move(update))));
}

void TableBuilds::report(LinkReportKind kind, std::size_t link, Instant now) {
    LinkReport told;
    told.kind = kind;
    told.link = slot_of(link);
    told.at = now;
    if (kind == LinkReportKind::rtt) {
        told.rtt = {.least = own_rtts_[link], .mean = own_rtts_[link], .count = 1};
    }
    CHECK(ring_.push(told));
}

void TableBuilds::measure_some(std::size_t links, Instant now) {
    for (; links > 0; --links) {
        report(LinkReportKind::rtt, next_measured_, now);
        next_measured_ = next_measured_ % (kFleet - 1) + 1;
    }
}

void TableBuilds::build(Instant now) {
    measure_some(kMeasuredARound, now);
    if (++rounds_ % 2 == 0) {
        feed({.services = services_[rounds_ / 2 % 2]});
    } else {
        report(LinkReportKind::up, dead_, now);
        dead_ = dead_ % (kFleet - 1) + 1;
        report(LinkReportKind::down, dead_, now);
    }
    scheduler_.do_work(thread_, now);
}

}  // namespace izar
