#include "ctrl/etcd/election.h"

#include <algorithm>
#include <utility>

namespace izar {
namespace {

constexpr Nanos kAfterProblem = std::chrono::milliseconds{200};
constexpr Nanos kLongestWatch = std::chrono::seconds{1};  // how long the end of the thread may take

// Three renewals a lease; the endpoints that do not answer must not eat it up.
Nanos step_interval(const ElectionParts& parts) {
    return Nanos{parts.lease} / 3;
}

Nanos patience(const ElectionParts& parts) {
    return step_interval(parts) / (2 * static_cast<std::int64_t>(std::max<std::size_t>(parts.endpoints.size(), 1)));
}

}  // namespace

Election::Election(ElectionParts parts)
    : parts_(std::move(parts)),
      client_(parts_.endpoints, patience(parts_), parts_.access),
      leadership_(client_, parts_.prefix, parts_.name, parts_.lease, parts_.at),
      ticked_at_(parts_.clock()),
      thread_([this] { run(); }) {}

Election::~Election() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

void Election::run() {
    bool goes_on = true;
    while (goes_on) {
        if (const auto given = take_way_given()) {
            publish(leadership_.step_down());
            goes_on = pause(*given);
            continue;
        }
        if (is_stuck()) {
            publish(leadership_.step_down());
            goes_on = pause(kAfterProblem);
            continue;
        }
        const Result<void> stepped = leadership_.step(parts_.clock());
        publish(stepped);
        if (!stepped) {
            goes_on = pause(kAfterProblem);
        } else if (leadership_.leads(parts_.clock())) {
            goes_on = pause(step_interval(parts_));
        } else {
            const bool watched = leadership_.wait_for_turn(std::min(step_interval(parts_), kLongestWatch)).has_value();
            goes_on = pause(watched ? Nanos{0} : kAfterProblem);
        }
    }
    (void)leadership_.step_down();  // failing that, the lease runs out
}

void Election::publish(const Result<void>& stepped) {
    auto members = stepped ? leadership_.members() : tl::unexpected(stepped.error());
    const std::lock_guard lock(mutex_);
    fence_ = leadership_.leads(parts_.clock());
    valid_until_ = leadership_.valid_until();
    problem_ = members ? "" : members.error().text;
    if (members) {
        members_ = *std::move(members);
    }
}

bool Election::pause(Nanos most) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, most, [this] { return ending_ || way_given_; });
    return !ending_;
}

void Election::tick(Instant now) {
    const std::lock_guard lock(mutex_);
    ticked_at_ = now;
}

bool Election::is_stuck() const {
    const std::lock_guard lock(mutex_);
    return parts_.clock() - ticked_at_ > parts_.most_silence;
}

void Election::give_way(Nanos pause) {
    {
        const std::lock_guard lock(mutex_);
        fence_.reset();
        way_given_ = pause;
    }
    wake_.notify_all();
}

std::optional<Nanos> Election::take_way_given() {
    const std::lock_guard lock(mutex_);
    return std::exchange(way_given_, std::nullopt);
}

std::optional<Fence> Election::leads(Instant now) const {
    const std::lock_guard lock(mutex_);
    return now < valid_until_ ? fence_ : std::nullopt;
}

std::vector<Member> Election::members() const {
    const std::lock_guard lock(mutex_);
    return members_;
}

std::string Election::problem() const {
    const std::lock_guard lock(mutex_);
    return problem_;
}

}  // namespace izar
