// How the clients of each region are shared among its nodes: a row a region, so that it is always one master's word.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "ctrl/store/sql_store.h"

namespace izar {
namespace {

constexpr std::uint32_t kMostWeight = 1'000;  // thousandths: all of them

std::string weights_text(const std::map<NodeId, std::uint32_t>& weights) {
    std::string out;
    for (const auto& [node, weight] : weights) {
        out += fmt::format("{}{}={}", out.empty() ? "" : " ", raw(node), weight);
    }
    return out;
}

// The number at the front of the text, which is taken off, up to `most`.
std::optional<std::uint32_t> take_number(std::string_view& text, std::uint32_t most) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || value > most) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

bool take_sign(std::string_view& text, char sign) {
    const bool is_there = text.starts_with(sign);
    text.remove_prefix(is_there ? 1 : 0);
    return is_there;
}

std::optional<std::map<NodeId, std::uint32_t>> read_weights(std::string_view text) {
    std::map<NodeId, std::uint32_t> out;
    while (!text.empty()) {
        const bool goes_on = out.empty() || take_sign(text, ' ');
        const auto node = take_number(text, 0xFFFF);
        const bool is_pair = goes_on && node && take_sign(text, '=');
        const auto weight = take_number(text, kMostWeight);
        if (!is_pair || !weight || !out.emplace(NodeId{static_cast<std::uint16_t>(*node)}, *weight).second) {
            return std::nullopt;
        }
    }
    return out;
}

struct Row {
    std::string region;
    std::optional<SharesRecord> record;  // none: it cannot be read
};

std::vector<Row> read_rows(Transaction& transaction) {
    std::vector<Row> out;
    for (const SqlRow& row : transaction.query("SELECT region, epoch, weights FROM izar_shares ORDER BY region", {})) {
        out.push_back({row.text(0), std::nullopt});
        if (auto weights = read_weights(row.text(2)); weights && row.integer(1) >= 0) {
            out.back().record = {row.text(0), static_cast<std::uint64_t>(row.integer(1)), *std::move(weights)};
        }
    }
    return out;
}

}  // namespace

// Rows that say the same already are left as they are.
StoreResult<void> SqlStore::write_shares(std::span<const SharesRecord> shares) {
    Transaction transaction = writing("write_shares", Durability::relaxed);
    const std::vector<Row> rows = read_rows(transaction);
    for (const Row& row : rows) {
        if (std::ranges::find(shares, row.region, &SharesRecord::region) == shares.end()) {
            transaction.run("shares_dropped", "DELETE FROM izar_shares WHERE region = ?", {row.region});
        }
    }
    for (const SharesRecord& each : shares) {
        if (std::ranges::find(rows, std::optional(each), &Row::record) == rows.end()) {
            transaction.run("shares_written",
                            "INSERT INTO izar_shares (region, epoch, weights) VALUES (?, ?, ?)" +
                                sql_on_conflict(transaction.dialect(), "region") +
                                sql_take_incoming(transaction.dialect(), {"epoch", "weights"}),
                            {each.region, static_cast<std::int64_t>(each.epoch), weights_text(each.weights)});
        }
    }
    return transaction.finish();
}

StoreResult<std::vector<SharesRecord>> SqlStore::shares() {
    Transaction transaction = reading();
    std::vector<SharesRecord> out;
    for (Row& row : read_rows(transaction)) {
        if (row.record) {
            out.push_back(*std::move(row.record));
        }
    }
    return transaction.finish(std::move(out));
}

}  // namespace izar
