// seat.h -- Seat: a controller's place among the others. It leads while the election says so, and else stands by.
//
// A controller that stands by writes nothing. Connections that come to it, of agents, nodes that join and clients of
// the API, it leads on to the leader (ctrl/controller/passage.h), and its operator socket's requests it passes on to
// the leader's API. Who is to lead and cannot gives way to the others, as does a leader that has lost its store.
// Without an election it leads from start to end, and waits for its store.
//
// Thread: the event loop's; requests wait for the leader's answer on a thread beside it, one at a time.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ctrl/controller/passage.h"
#include "ctrl/etcd/election.h"
#include "ctrl/loop/side_thread.h"
#include "ctrl/operator/operator_rows.h"
#include "ctrl/operator/operator_socket.h"
#include "tools/controller/lead.h"

namespace izar {

class Seat {
  public:
    static constexpr Nanos kLook = std::chrono::milliseconds{50};     // between two looks at the election
    static constexpr Nanos kRetry = std::chrono::seconds{3};          // after a lead that could not begin; others try
    static constexpr Nanos kStorePatience = std::chrono::seconds{3};  // of a leader with a store that does not answer
    static constexpr Nanos kForwarding = std::chrono::seconds{5};     // longest wait for the leader's answer

    // `election` may be null: there is no other controller.
    Seat(LeadParts parts, std::unique_ptr<Election> election);
    ~Seat();
    Seat(const Seat&) = delete;

    // Listens for agents. Alone: leads, or says why it cannot. With others: waits for its turn.
    Result<void> start();

    // What was read again counts for this lead, and for every later one. On an error what was before counts on.
    Result<void> take(ReadAgain files);
    // What came of a SIGHUP, now, for those who ask about this controller's configuration; of a leader it is an event.
    void set_config_state(ConfigState state);

    // What this controller tells at /metrics.
    std::string metrics() const;

    bool leads() const noexcept { return lead_ != nullptr; }
    // An operator's request: a line of JSON. "controllers" and "config" are answered here, all else by the leader.
    void answer(std::string_view line, OperatorSocket::Reply reply);
    // A request of the API that was not led on.
    HttpAnswer answer(const HttpRequest& request);
    // A connection to the API; null: it is for answer().
    StreamEvents* lead_on(StreamId stream);

  private:
    struct Forwarded {
        std::string line;
        OperatorSocket::Reply reply;
    };
    void look();
    void watch_lead(std::optional<Fence> fence, Instant now);
    Result<void> begin(std::optional<Fence> fence);
    std::optional<Member> leader() const;  // none: nobody, or this one
    Result<std::string> controllers() const;
    Result<std::string> config() const;
    ConfigState config_in_force() const;
    // The answer to a question about this controller itself; none: the leader answers.
    std::optional<Result<std::string>> answer_for_itself(std::string_view line) const;
    Answered<std::string> answer_here(std::string_view line);  // requires leads()
    void forward();

    LeadParts parts_;
    std::unique_ptr<Election> election_;
    std::unique_ptr<Lead> lead_;
    Passage agents_;
    Passage clients_;                  // of the API
    std::deque<Forwarded> forwarded_;  // not yet with the leader
    SideThread forwarding_;
    StreamId listener_ = kNoStream;
    Instant begin_after_{};
    ConfigState config_state_;
    std::string problem_;  // of the election, as it was said last
    Timer look_timer_;
};

}  // namespace izar
