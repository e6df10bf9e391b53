#include "perf/forward/table_builds.h"

#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "dataplane/base/check.h"

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

// Nodes on a plane of 200 ms, links 1 to 2.5 times as slow as the distance says, so that relays pay.
std::vector<Nanos> random_rtts() {
    std::mt19937 random{7};
    std::uniform_real_distribution<double> place{0, 200'000};
    std::uniform_real_distribution<double> detour{1, 2.5};
    std::vector<std::pair<double, double>> at(kFleet);
    for (auto& [x, y] : at) {
        x = place(random);
        y = place(random);
    }
    std::vector<Nanos> rtts;
    for (const auto& from : at) {
        for (const auto& to : at) {
            const double us = 500 + detour(random) * std::hypot(from.first - to.first, from.second - to.second);
            rtts.push_back(std::chrono::microseconds{static_cast<std::int64_t>(us)});
        }
    }
    return rtts;
}

// Everything but the own row, which is measured.
FeedUpdate links_of_others(const std::vector<Nanos>& rtts) {
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

// `first` tells two versions apart.
std::shared_ptr<const ServiceTable> full_services(std::uint32_t first) {
    constexpr std::size_t kSets = 64;
    std::vector<Service> services(kMaxServices);
    for (std::size_t i = 0; i < services.size(); ++i) {
        Service& service = services[i];
        service.id = ServiceId{static_cast<std::uint32_t>(i + 1)};
        service.vip = IpAddress{Ipv4Address{Be32{0x0A630001}}};
        service.first_port = service.last_port = static_cast<std::uint16_t>(1 + i);
        service.egresses = {{node_of(1 + i % kSets), 1}, {node_of(100 + i % kSets), 2}};
        service.origins = {{IpAddress{Ipv4Address{Be32{0x0A620001}}}, static_cast<std::uint16_t>(1 + i % kSets), 1}};
    }
    services[0].id = ServiceId{first};
    return std::make_shared<const ServiceTable>(std::move(services), first);
}

}  // namespace

TableBuilds::TableBuilds(Instant now) : services_{full_services(kMaxServices + 1), full_services(kMaxServices + 2)} {
    const std::vector<Nanos> rtts = random_rtts();
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
