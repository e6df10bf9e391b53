// seat.h -- Seat: a controller's place among the others. It leads while the election says so, and else stands by.
//
// A controller that stands by has no agents and writes nothing: agents find its port closed and go on to the next of
// their list. It passes its operator's requests on to the leader. Without an election it leads from start to end.
//
// Thread: the event loop's. Passing a request on waits for the leader's answer; nobody else is served meanwhile.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "ctrl/etcd/election.h"
#include "tools/controller/lead.h"

namespace izar {

class Seat {
  public:
    static constexpr Nanos kLook = std::chrono::milliseconds{50};  // between two looks at the election
    static constexpr Nanos kRetry = std::chrono::seconds{1};       // after a lead that could not begin
    static constexpr Nanos kForwarding = std::chrono::seconds{5};  // longest wait for the leader's answer

    // `election` may be null: there is no other controller.
    Seat(LeadParts parts, std::unique_ptr<Election> election);

    // Alone: leads, or says why it cannot. With others: waits for its turn.
    Result<void> start();

    // The routing policy of this lead, and of every later one. Refused, the one before stays.
    Result<void> set_policy(std::string text);

    bool leads() const noexcept { return lead_ != nullptr; }
    // An operator's request: a line of JSON. "controllers" is answered here, all else by the leader.
    Result<std::string> answer(std::string_view line);
    HttpAnswer answer(const HttpRequest& request);

  private:
    void look();
    Result<void> begin(std::optional<Fence> fence);
    Result<std::string> controllers() const;
    Result<std::string> forward(std::string_view line) const;

    LeadParts parts_;
    std::unique_ptr<Election> election_;
    std::unique_ptr<Lead> lead_;
    Instant begin_after_{};
    std::string problem_;  // of the election, as it was said last
    Timer look_timer_;
};

}  // namespace izar
