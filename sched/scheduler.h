// scheduler.h -- Scheduler: what the scheduler thread does in one round: drain, plan, build, publish.
//
// Thread: the scheduler thread, which calls do_work() in a loop and naps when it returns false. `now` is a
//         parameter; the only shared things are the rings, the Publisher and the SchedulerView.
//
// Every round is bounded: at most kReportsARound reports a ring and kUpdatesARound updates of the feed. A link
// that died or came back is planned for in the same round, unless another one was within kPressingInterval; what only
// moved after kPlanInterval, and later the more routes the last plan had to look at.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/base/types.h"
#include "dataplane/tables/publisher.h"
#include "probes/link_report_ring.h"
#include "sched/feed.h"
#include "sched/measured_paths.h"
#include "sched/mesh.h"
#include "sched/policy_routes.h"
#include "sched/scheduler_view.h"
#include "sched/table_builder.h"

namespace izar {

// Hears all that a scheduler is told, as it takes it: enough to decide again what it decided (tools/trace).
class SchedulerListener {
  public:
    virtual ~SchedulerListener() = default;
    virtual void on_report(const LinkReport& report, Instant now) noexcept = 0;
    virtual void on_update(const std::shared_ptr<const FeedUpdate>& update, Instant now) noexcept = 0;
};

class Scheduler {
  public:
    static constexpr std::size_t kReportsARound = 1024;  // of each ring
    static constexpr std::size_t kUpdatesARound = 16;
    static constexpr Nanos kPlanInterval = std::chrono::milliseconds{10};
    static constexpr std::size_t kRowsAnInterval = 4;  // other nodes' rows looked at for age
    static constexpr Nanos kPressingInterval = std::chrono::milliseconds{2};
    // To look at a route takes 2.5 us where everything is planned anew, so that plans take a twentieth of a core.
    static constexpr Nanos kPauseARoute = std::chrono::microseconds{50};
    static constexpr Nanos kLongestPause = std::chrono::milliseconds{250};  // of a second in which a bad link is left
    static constexpr Nanos kRowInterval = std::chrono::milliseconds{100};   // between two versions of the own row

    // `rings` (one for each lcore) and `feed` must outlive the scheduler. Nothing is published before the
    // feed brought a Fleet. `overlay_mtu` is that of the overlay's port, in bytes of an IP packet.
    Scheduler(Publisher& publisher, std::span<LinkReportRing* const> rings, FeedRing& feed, SchedulerView& view,
              std::uint16_t overlay_mtu);

    // One round. Returns whether there was anything to do.
    bool do_work(const OnSched& thread, Instant now);

    // Publishes the table this many times a second whether it changed or not (0: only when it did). The
    // demo and the tests prove with it that rewriting costs no packet.
    void set_forced_rewrites(std::uint32_t per_second) noexcept;

    // Before the first round; the listener is called on the scheduler thread and must outlive the scheduler.
    void set_listener(SchedulerListener& listener) noexcept { listener_ = &listener; }

    // What the view answers with; also for tests.
    SchedulerStatus status(Instant now) const;
    const Mesh& mesh() const noexcept { return mesh_; }
    const Fleet* fleet() const noexcept { return fleet_.get(); }
    const RoutingPolicies& policies() const noexcept { return *policies_; }
    const PolicyRoutes& routes(PolicyIndex policy) const { return routes_[raw(policy)]; }

  private:
    bool drain_reports(Instant now);
    bool drain_feed(Instant now);
    void take_update(const FeedUpdate& update, Instant now);
    void take_policies(std::shared_ptr<const RoutingPolicies> policies);
    void take_fleet(std::shared_ptr<const Fleet> fleet);
    bool plan_if_due(Instant now);
    std::size_t rows_due(Instant now);
    void price_links(Instant now, std::size_t rows);
    void build_row(Instant now);
    void build_services(Instant now);
    PlanContext plan_context(Instant now) const;
    void write_table(RouteTable& table) const;
    bool force_rewrite(Instant now);
    bool publish_if_due(const OnSched& thread, Instant now);
    bool answer_question(Instant now);

    Publisher& publisher_;
    std::vector<LinkReportRing*> rings_;
    FeedRing& feed_;
    SchedulerView& view_;
    SchedulerListener* listener_ = nullptr;
    std::uint16_t overlay_mtu_;

    std::shared_ptr<const Fleet> fleet_;
    std::shared_ptr<const ServiceTable> wanted_services_;
    std::shared_ptr<const ServiceTable> services_;  // with choice tables
    std::shared_ptr<const RoutingPolicies> policies_ = std::make_shared<const RoutingPolicies>();
    std::shared_ptr<const OwnRow> own_row_ = std::make_shared<const OwnRow>();
    Mesh mesh_;
    MeasuredPaths measured_paths_;
    std::vector<PolicyRoutes> routes_{1};  // by PolicyIndex
    ServiceBuilder service_builder_;
    EgressShares egress_shares_;  // as the choice tables were built
    std::uint16_t policy_version_ = 0;
    bool services_changed_ = true;
    bool price_all_ = false;  // the policies changed

    bool measured_ = false;  // reports or items came since the last plan
    bool urgent_ = false;    // the feed changed something for good
    bool pressing_ = false;  // a link or path died, or a link came back
    bool publish_wanted_ = false;
    Instant plan_due_{};
    Instant pressed_at_{};  // when a plan last did not wait for that
    Instant aged_at_{};     // when links were last looked at for age
    Instant row_built_at_{};
    std::optional<Instant> cut_at_;  // the oldest death of a link that no published table knows of yet
    std::optional<Nanos> last_cut_;
    std::optional<Nanos> slowest_cut_;
    Nanos rewrite_interval_{};
    Instant next_rewrite_{};
    std::uint64_t reports_ = 0;
    std::uint64_t plans_ = 0;
    std::uint64_t published_ = 0;
    std::uint64_t coalesced_ = 0;
};

}  // namespace izar
