#include "ctrl/store/transaction.h"

#include <fmt/format.h>

namespace izar {

Transaction::Transaction(SqlConnection& connection, FailPoints* fail_points, std::string_view operation, Fence fence,
                         Durability durability)
    : connection_(connection), fail_points_(fail_points), operation_(operation) {
    fail_point(fail_points_, operation_, "called");
    if (auto begun = connection_.begin(durability); !begun) {
        failure_ = begun.error();
        return;
    }
    open_ = true;
    fail_point(fail_points_, operation_, "begun");
    compare_fence(fence);
    fail_point(fail_points_, operation_, "fenced");
}

Transaction::Transaction(SqlConnection& connection) : connection_(connection), fail_points_(nullptr), reading_(true) {
    if (auto begun = connection_.begin_reading(); !begun) {
        failure_ = begun.error();
        return;
    }
    open_ = true;
}

Transaction::~Transaction() {
    if (open_) {
        connection_.roll_back();
    }
}

void Transaction::compare_fence(Fence fence) {
    const std::uint64_t claimed = read_state(*this, kFenceState, true);
    if (!failed() && claimed > static_cast<std::uint64_t>(fence)) {
        failure_ = StoreError{
            StoreFault::fenced,
            fmt::format("another controller leads since (fence {}, ours {}); nothing was written. A single controller "
                        "on a store that was led through etcd needs etcd again, or docs/store.md, 'Leaving etcd'",
                        claimed, static_cast<std::uint64_t>(fence))};
    }
}

std::uint64_t Transaction::run(std::string_view step, const std::string& statement, const SqlValues& values) {
    if (failed()) {
        return 0;
    }
    const auto changed = connection_.run(statement, values);
    if (!changed) {
        failure_ = changed.error();
        return 0;
    }
    fail_point(fail_points_, operation_, step);
    return *changed;
}

SqlRows Transaction::query(const std::string& statement, const SqlValues& values) {
    if (failed()) {
        return {};
    }
    auto rows = connection_.query(statement, values);
    if (!rows) {
        failure_ = rows.error();
        return {};
    }
    return std::move(*rows);
}

StaticVersion Transaction::next_version() {
    if (!version_) {
        const std::uint64_t next = read_state(*this, kVersionState, true) + 1;
        write_state(*this, kVersionState, next);
        version_ = StaticVersion{next};
    }
    return *version_;
}

StoreResult<void> Transaction::commit() {
    if (failure_) {
        return tl::unexpected(*failure_);
    }
    fail_point(fail_points_, operation_, "before_commit");
    // What was read was read, whatever becomes of the end of reading.
    if (auto done = connection_.commit(); !done && !reading_) {
        failure_ = done.error();
        return done;
    }
    open_ = false;
    fail_point(fail_points_, operation_, "committed");
    return {};
}

tl::unexpected<StoreError> Transaction::end_with(StoreFault fault, std::string text) const {
    return failure_ ? tl::unexpected<StoreError>(*failure_) : store_fail(fault, std::move(text));
}

std::uint64_t read_state(Transaction& transaction, std::string_view name, bool for_update) {
    const auto rows = transaction.query(fmt::format("SELECT value FROM izar_state WHERE name = ?{}",
                                                    for_update ? sql_for_update(transaction.dialect()) : ""),
                                        {std::string(name)});
    return rows.empty() ? 0 : static_cast<std::uint64_t>(rows.front().integer(0));
}

void write_state(Transaction& transaction, std::string_view name, std::uint64_t value) {
    transaction.run(name, "UPDATE izar_state SET value = ? WHERE name = ?",
                    {static_cast<std::int64_t>(value), std::string(name)});
}

}  // namespace izar
