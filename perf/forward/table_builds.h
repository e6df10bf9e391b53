// table_builds.h -- TableBuilds: the scheduler of a full fleet, building one table after the other beside a measured
// lcore.
//
// Thread: the generator's, which stands for the scheduler thread. The tables are published to nobody: what the measured
//         lcore notices of them is the work itself, in the caches and the memory that both share.
//
// 1,024 nodes with a full mesh of links, 4,096 services over 64 sets of egress nodes and as many of origins. Every
// second round the services are replaced, in the others a first link of this node dies.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "sched/scheduler.h"

namespace izar {

class TableBuilds {
  public:
    // Requires that EAL is up. Publishes the first table.
    explicit TableBuilds(Instant now);

    // One round of the scheduler, which builds and publishes a table.
    void build(Instant now);

    std::uint64_t built() const noexcept { return publisher_.generation(); }

  private:
    void feed(FeedUpdate update);
    void report(LinkReportKind kind, std::size_t link, Instant now);
    void measure_some(std::size_t links, Instant now);

    OnSched thread_ = OnSched::claim();
    Publisher publisher_{1};  // its lcore never comes
    LinkReportRing ring_;
    LinkReportRing* rings_[1] = {&ring_};
    FeedRing feed_;
    SchedulerView view_;
    Scheduler scheduler_{publisher_, rings_, feed_, view_, 1'500};
    std::array<std::shared_ptr<const ServiceTable>, 2> services_;
    std::vector<Nanos> own_rtts_;  // by link
    std::uint64_t rounds_ = 0;
    std::size_t dead_ = 1;           // link that died last
    std::size_t next_measured_ = 1;  // link
};

}  // namespace izar
