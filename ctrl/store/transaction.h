// transaction.h -- Transaction: the steps of one store call, all or none, with the fence compared inside.
//
// The first failure sticks: later steps do nothing and give nothing, and finish() or refuse() gives that failure. So
// an operation reads as its steps, and cannot mistake "the disk is full" for "there is no such node".
//
// Thread: that of its store; ends within the call that began it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "ctrl/store/failpoint.h"
#include "ctrl/store/records.h"
#include "ctrl/store/sql.h"
#include "ctrl/store/store_result.h"

namespace izar {

class Transaction {
  public:
    // A writing transaction. Compares `fence` with the highest that was claimed, and locks that row, so that writing
    // transactions of all controllers come one after the other.
    Transaction(SqlConnection& connection, FailPoints* fail_points, std::string_view operation, Fence fence,
                Durability durability);
    // A reading one: every query sees the same moment.
    explicit Transaction(SqlConnection& connection);
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();  // rolls back what was not finished

    SqlDialect dialect() const { return connection_.dialect(); }
    bool failed() const noexcept { return failure_.has_value(); }

    // `step` names the fail point behind the statement: "join.token_used".
    std::uint64_t run(std::string_view step, const std::string& statement, const SqlValues& values);
    SqlRows query(const std::string& statement, const SqlValues& values);

    // Raises the version of the static data, once however often it is asked, and gives the new one.
    StaticVersion next_version();

    // Commits and gives the value.
    template <typename T>
    StoreResult<T> finish(T value) {
        if (auto done = commit(); !done) {
            return tl::unexpected(done.error());
        }
        return value;
    }
    StoreResult<void> finish() { return commit(); }

    // The failure that stuck, or this one: nothing of the transaction stays.
    tl::unexpected<StoreError> refuse(std::string text, StoreFault fault = StoreFault::refused) {
        return end_with(fault, std::move(text));
    }
    tl::unexpected<StoreError> deny(std::string text) { return end_with(StoreFault::denied, std::move(text)); }

  private:
    void compare_fence(Fence fence);
    StoreResult<void> commit();
    tl::unexpected<StoreError> end_with(StoreFault fault, std::string text) const;

    SqlConnection& connection_;
    FailPoints* fail_points_;
    std::string operation_;
    std::optional<StoreError> failure_;
    std::optional<StaticVersion> version_;
    bool open_ = false;
    bool reading_ = false;
};

// Numbers of the store itself, rows of the table izar_state.
inline constexpr std::string_view kFenceState = "fence";
inline constexpr std::string_view kVersionState = "static_version";
inline constexpr std::string_view kForgottenState = "forgotten_version";  // removals up to here are no longer known
std::uint64_t read_state(Transaction& transaction, std::string_view name, bool for_update);
void write_state(Transaction& transaction, std::string_view name, std::uint64_t value);

inline std::int64_t stored(WallTime time) {
    return time.time_since_epoch().count();
}
inline WallTime loaded(std::int64_t milliseconds) {
    return WallTime{std::chrono::milliseconds{milliseconds}};
}

}  // namespace izar
