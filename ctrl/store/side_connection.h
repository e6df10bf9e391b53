// side_connection.h -- SideConnection: a database across a network, asked by a thread of its own, so that whoever calls
// waits so long and no longer.
//
// A call that got no answer in its time fails, and the connection with it: the thread ends the session, upon which the
// server takes back what was not committed, and makes another one, as often as it needs. Until it has one every call
// fails at once. So an event loop that calls stands still once when a database falls silent, not with each call.
//
//   failed    what is known
//   begin     nothing has happened
//   run       nothing stays: nobody will commit it
//   commit    nothing: StoreFault::unknown
//
// Thread: the caller's, one. The thread beside it shares with it what is behind a mutex. It outlives the SideConnection
//         while the database keeps it waiting, for a connect limit at most.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "ctrl/store/sql.h"
#include "dataplane/base/types.h"

namespace izar {

// What the thread has.
class RemoteConnection : public SqlConnection {
  public:
    // Makes a session, in place of the one that there is; after hold() one that holds.
    virtual StoreResult<void> connect() = 0;
    // Ends the session; what it had not committed is taken back.
    virtual void disconnect() noexcept = 0;
    // By any thread: a call that waits for the server fails, soon.
    virtual void interrupt() noexcept = 0;
    // "MariaDB at 192.0.2.1", for errors.
    virtual std::string name() const = 0;
};

struct SideLimits {
    Nanos connect{};  // to the first session, and to hold()
    Nanos answer{};   // to a statement; to the first one of a transaction, which costs nothing, half as long
    Nanos upkeep{};   // to a statement after expect_long(true)
};

class SideConnection final : public SqlConnection {
  public:
    static constexpr Nanos kPause = std::chrono::seconds{1};  // between two tries to get a session

    // Expects long work.
    SideConnection(std::unique_ptr<RemoteConnection> remote, const SideLimits& limits);
    ~SideConnection() override;

    // The first session.
    StoreResult<void> connect();

    SqlDialect dialect() const override { return dialect_; }
    StoreResult<void> begin(Durability durability) override;
    StoreResult<void> begin_reading() override;
    StoreResult<void> commit() override;
    void roll_back() noexcept override;
    StoreResult<void> hold() override;
    StoreResult<std::uint64_t> run(const std::string& statement, const SqlValues& values) override;
    StoreResult<SqlRows> query(const std::string& statement, const SqlValues& values) override;
    void expect_long(bool expected) override { limit_ = expected ? limits_.upkeep : limits_.answer; }

  private:
    struct Meeting;  // what both threads touch
    using Question = std::function<void(RemoteConnection&)>;
    enum class Outcome : std::uint8_t { answered, away, silent };

    Outcome put(Question question, Nanos limit);
    // The answer, or that there is none.
    template <typename T>
    StoreResult<T> ask(std::function<StoreResult<T>(RemoteConnection&)> question, Nanos limit);
    StoreError no_answer(Outcome outcome, Nanos limit) const;
    Nanos first_limit() const;

    std::shared_ptr<Meeting> meeting_;
    const std::string name_;
    const SqlDialect dialect_;
    const SideLimits limits_;
    Nanos limit_;
};

}  // namespace izar
