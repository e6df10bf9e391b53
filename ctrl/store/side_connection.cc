#include "ctrl/store/side_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace izar {
namespace {

double in_seconds(Nanos span) {
    return std::chrono::duration<double>(span).count();
}

}  // namespace

// Owned by both, so that neither waits for the other's end.
struct SideConnection::Meeting {
    enum class State : std::uint8_t {
        idle,   // the thread waits for a question
        asked,  // it has one, and somebody waits for the answer
        away,   // nobody waits for it any more: it is to get a new session
    };

    std::unique_ptr<RemoteConnection> remote;  // the thread's, but for interrupt()
    std::mutex mutex;
    std::condition_variable wake;      // the thread
    std::condition_variable answered;  // the caller
    State state = State::idle;
    Question question;
    bool ending = false;
    std::thread thread;

    void work();
    void get_session(std::unique_lock<std::mutex>& lock);
};

void SideConnection::Meeting::work() {
    sigset_t broken_pipe;  // of a socket that was shut; OpenSSL does not keep it from being raised
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    std::unique_lock lock(mutex);
    while (true) {
        wake.wait(lock, [&] { return ending || question; });
        if (ending) {
            return;
        }
        Question next = std::exchange(question, nullptr);
        lock.unlock();
        next(*remote);
        next = nullptr;
        lock.lock();
        if (state == State::away) {
            get_session(lock);
        }
        state = State::idle;
        answered.notify_one();
    }
}

void SideConnection::Meeting::get_session(std::unique_lock<std::mutex>& lock) {
    while (!ending) {
        lock.unlock();
        remote->disconnect();
        const bool connected = remote->connect().has_value();
        lock.lock();
        if (connected) {
            return;
        }
        wake.wait_for(lock, kPause, [&] { return ending; });
    }
}

SideConnection::SideConnection(std::unique_ptr<RemoteConnection> remote, const SideLimits& limits)
    : meeting_(std::make_shared<Meeting>()),
      name_(remote->name()),
      dialect_(remote->dialect()),
      limits_(limits),
      limit_(limits.upkeep) {
    meeting_->remote = std::move(remote);
    meeting_->thread = std::thread([meeting = meeting_] { meeting->work(); });
}

// Who is kept waiting by the database ends by itself, later.
SideConnection::~SideConnection() {
    std::unique_lock lock(meeting_->mutex);
    const bool idle = meeting_->state == Meeting::State::idle;
    meeting_->ending = true;
    meeting_->wake.notify_one();
    if (!idle) {
        meeting_->remote->interrupt();
    }
    lock.unlock();
    if (idle) {
        meeting_->thread.join();
    } else {
        meeting_->thread.detach();
    }
}

SideConnection::Outcome SideConnection::put(Question question, Nanos limit) {
    Meeting& meeting = *meeting_;
    std::unique_lock lock(meeting.mutex);
    if (meeting.state == Meeting::State::away) {
        return Outcome::away;
    }
    meeting.question = std::move(question);
    meeting.state = Meeting::State::asked;
    meeting.wake.notify_one();
    if (meeting.answered.wait_for(lock, limit, [&] { return meeting.state == Meeting::State::idle; })) {
        return Outcome::answered;
    }
    meeting.state = Meeting::State::away;
    meeting.remote->interrupt();
    return Outcome::silent;
}

StoreError SideConnection::no_answer(Outcome outcome, Nanos limit) const {
    const std::string why = outcome == Outcome::away ? "is not in reach, and tried again each second"
                                                     : fmt::format("did not answer within {:g} s", in_seconds(limit));
    return {StoreFault::unavailable,
            fmt::format("{} {}; look after the server and the way to it, and try again", name_, why)};
}

// Its answer may still come when nobody waits for it any more, so it does not lie with the caller.
template <typename T>
StoreResult<T> SideConnection::ask(std::function<StoreResult<T>(RemoteConnection&)> question, Nanos limit) {
    const auto answer = std::make_shared<std::optional<StoreResult<T>>>();
    const Outcome outcome =
        put([answer, question = std::move(question)](RemoteConnection& remote) { *answer = question(remote); }, limit);
    if (outcome != Outcome::answered) {
        return tl::unexpected(no_answer(outcome, limit));
    }
    return std::move(**answer);
}

Nanos SideConnection::first_limit() const {
    return std::min(limit_, limits_.answer / 2);
}

StoreResult<void> SideConnection::connect() {
    return ask<void>([](RemoteConnection& remote) { return remote.connect(); }, limits_.connect);
}

StoreResult<void> SideConnection::begin(Durability durability) {
    return ask<void>([durability](RemoteConnection& remote) { return remote.begin(durability); }, first_limit());
}

StoreResult<void> SideConnection::begin_reading() {
    return ask<void>([](RemoteConnection& remote) { return remote.begin_reading(); }, first_limit());
}

StoreResult<void> SideConnection::commit() {
    const auto answer = std::make_shared<std::optional<StoreResult<void>>>();
    const Outcome outcome = put([answer](RemoteConnection& remote) { *answer = remote.commit(); }, limit_);
    if (outcome == Outcome::silent) {
        return tl::unexpected(
            unknown_commit(fmt::format("{} did not answer within {:g} s", name_, in_seconds(limit_))));
    }
    return outcome == Outcome::answered ? **answer : tl::unexpected(no_answer(outcome, limit_));
}

void SideConnection::roll_back() noexcept {
    (void)ask<void>(
        [](RemoteConnection& remote) -> StoreResult<void> {
            remote.roll_back();
            return {};
        },
        limit_);
}

StoreResult<void> SideConnection::hold() {
    return ask<void>([](RemoteConnection& remote) { return remote.hold(); }, limits_.connect);
}

StoreResult<std::uint64_t> SideConnection::run(const std::string& statement, const SqlValues& values) {
    return ask<std::uint64_t>([statement, values](RemoteConnection& remote) { return remote.run(statement, values); },
                              limit_);
}

StoreResult<SqlRows> SideConnection::query(const std::string& statement, const SqlValues& values) {
    return ask<SqlRows>([statement, values](RemoteConnection& remote) { return remote.query(statement, values); },
                        limit_);
}

}  // namespace izar
