// codec_walk.h -- The one walk over a summary that both writes and reads it.
//
// Coder is RangeEncoder or RangeDecoder (symbol_models.h). Writing visits a summary as it is; reading fills an
// empty one in the same order. Each function is false where what was read cannot be: the input is then refused.
//
// Thread: values of one function call.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <type_traits>
#include <vector>

#include "sched/summary/codec.h"
#include "sched/summary/symbol_models.h"

namespace izar {

template <typename Coder>
class SummaryWalk {
  public:
    static constexpr bool kReading = std::is_same_v<Coder, RangeDecoder>;

    SummaryWalk(Coder& coder, const DecodeLimits& limits) : coder_(coder), limits_(limits) {}

    // Everything of a summary but generation and items.
    bool shape(MeshSummary& summary) {
        summary.nodes = static_cast<std::uint16_t>(number(summary.nodes, 15));
        summary.symmetric = number(summary.symmetric, 1) != 0;
        if (kReading && summary.nodes > limits_.nodes)
            return false;
        return grouping(summary.region_of, summary.nodes) && grouping(summary.class_of, summary.nodes) &&
               table_shape(summary.links, summary.link_groups()) &&
               table_shape(summary.node_items, summary.class_count());
    }

    // The items of `table` that fill(...) or an earlier read put there; link tables have a row per node.
    bool links(MeshSummary& summary) {
        const std::size_t regions = summary.region_count();
        return items(summary.links, summary.nodes, summary.nodes, summary.symmetric,
                     [&](LinkIndex at) { return summary.link_group(at, regions); });
    }
    bool nodes(MeshSummary& summary) {
        return items(summary.node_items, 1, summary.nodes, false,
                     [&](LinkIndex at) { return summary.class_of.empty() ? 0U : summary.class_of[at.to]; });
    }

    // What became of the items of `base`: the survivors, with their new codes, are left in `table`, which on
    // writing holds the new items. Added items are a table of their own, walked by links() or nodes().
    template <typename GroupOf>
    bool changes(const ItemTable& base, ItemTable& table, const GroupOf& group_of) {
        std::vector<SummaryItem> survivors;
        std::size_t at = 0;  // writing: next of the new items
        std::uint32_t before = kSame;
        for (const SummaryItem& old : base.items) {
            SummaryItem item = old;
            std::uint32_t change = kSame;
            if constexpr (!kReading) {
                while (at < table.items.size() && table.items[at].at < old.at)
                    ++at;
                const bool there = at < table.items.size() && table.items[at].at == old.at;
                if (there)
                    item = table.items[at];
                change = !there ? kGone : (item == old ? kSame : kChanged);
            }
            change = change_[before].code(coder_, change);
            before = std::min(change, kGone);
            if (change > kGone || overrun())
                return false;
            if (change == kChanged && !values(table, item, group_of(item.at), &old))
                return false;
            if (change != kGone)
                survivors.push_back(item);
        }
        if constexpr (kReading)
            table.items = std::move(survivors);
        return true;
    }

  private:
    static constexpr std::uint32_t kSame = 0;
    static constexpr std::uint32_t kChanged = 1;
    static constexpr std::uint32_t kGone = 2;

    // Made when first used: a model has 16 KiB, and most tables have one column.
    static CodeModel& model_of(std::vector<CodeModel>& models, std::size_t column) {
        if (models.size() <= column)
            models.resize(column + 1);
        return models[column];
    }

    std::uint32_t number(std::uint32_t value, int bits) { return code_even(coder_, value, bits); }

    bool overrun() const {
        if constexpr (kReading)
            return coder_.overrun();
        return false;
    }

    bool grouping(std::vector<std::uint8_t>& group_of, std::size_t nodes) {
        if (number(group_of.empty() ? 0 : 1, 1) == 0)
            return true;
        TreeModel<8> model;
        if constexpr (kReading)
            group_of.assign(nodes, 0);
        for (auto& group : group_of)
            group = static_cast<std::uint8_t>(model.code(coder_, group));
        return !group_of.empty() && !overrun();
    }

    bool table_shape(ItemTable& table, std::size_t groups) {
        table.fraction_bits.resize(number(static_cast<std::uint32_t>(table.columns()), 3));
        if (table.columns() > kMaxColumns)
            return false;
        for (auto& bits : table.fraction_bits) {
            bits = static_cast<std::uint8_t>(number(bits, 4));
            if (bits < kLeastFractionBits || bits > kMostFractionBits)
                return false;
        }
        table.rest = static_cast<Rest>(number(static_cast<std::uint32_t>(table.rest), 1));
        if (number(table.groups.empty() ? 0 : 1, 1) == 0)
            return true;
        if constexpr (kReading)
            table.groups.assign(groups * table.columns(), kUnknownCode);
        std::array<std::uint32_t, kMaxColumns> before{};
        for (std::size_t i = 0; i < table.groups.size(); ++i) {
            const std::size_t column = i % table.columns();
            if (!value(table.groups[i], table.fraction_bits[column], model_of(groups_model_, column), before[column]) ||
                overrun())
                return false;
            before[column] = CodeModel::octave(table.groups[i], table.fraction_bits[column]);
        }
        return !table.groups.empty();
    }

    bool value(Code& code, int fraction_bits, CodeModel& model, std::uint32_t expected) {
        code = model.code(coder_, code, fraction_bits, expected);
        return code <= Quantizer(fraction_bits).last_code();
    }

    // One item's values. A changed item expects its old octave, a new one its group's, else the one before.
    bool values(const ItemTable& table, SummaryItem& item, std::size_t group, const SummaryItem* old) {
        item.represented = code_bit(coder_, represented_[before_represented_], item.represented);
        before_represented_ = item.represented;
        if (item.represented) {
            item.codes = {};
            return !table.groups.empty();
        }
        for (std::size_t column = 0; column < table.columns(); ++column) {
            const int bits = table.fraction_bits[column];
            std::uint32_t expected = before_octave_[column];
            if (old != nullptr && !old->represented)
                expected = CodeModel::octave(old->codes[column], bits);
            else if (!table.groups.empty())
                expected = CodeModel::octave(table.group_code(group, column), bits);
            CodeModel& model = model_of(old != nullptr ? changed_model_ : item_model_, column);
            if (!value(item.codes[column], bits, model, expected))
                return false;
            before_octave_[column] = CodeModel::octave(item.codes[column], bits);
        }
        return true;
    }

    template <typename GroupOf>
    bool items(ItemTable& table, std::size_t rows, std::size_t columns, bool triangle, const GroupOf& group_of) {
        if (table.columns() == 0)
            return true;
        std::size_t at = 0;  // writing: next item
        std::uint32_t count_before = 0;
        for (std::size_t row = 0; row < rows; ++row) {
            std::size_t next = triangle ? row + 1 : 0;  // first place an item can have
            std::uint32_t count = 0;
            if constexpr (!kReading)
                while (at + count < table.items.size() && table.items[at + count].at.from == row)
                    ++count;
            count = counts_[std::min<std::size_t>(std::bit_width(count_before), kContexts - 1)].code(coder_, count);
            count_before = count;
            if (overrun() || count > columns - std::min(columns, next))
                return false;
            if (kReading && table.items.size() + count > limits_.items)
                return false;
            for (std::uint32_t left = count; left > 0; --left, ++at) {
                if constexpr (kReading)
                    table.items.push_back({{static_cast<std::uint16_t>(row), 0}, false, {}});
                SummaryItem& item = table.items[at];
                const std::size_t sparse = (columns - next) / left;
                auto& gaps = gaps_[std::min<std::size_t>(std::bit_width(sparse), kContexts - 1)];
                const std::size_t place = next + gaps.code(coder_, static_cast<std::uint32_t>(item.at.to - next));
                if (place + left > columns || (rows > 1 && place == row) || overrun())
                    return false;
                item.at.to = static_cast<std::uint16_t>(place);
                next = place + 1;
                if (!values(table, item, group_of(item.at), nullptr))
                    return false;
            }
        }
        return true;
    }

    static constexpr std::size_t kContexts = 16;

    Coder& coder_;
    const DecodeLimits& limits_;
    std::array<CountModel, kContexts> counts_;
    std::array<CountModel, kContexts> gaps_;
    std::vector<CodeModel> groups_model_;  // by column
    std::vector<CodeModel> item_model_;
    std::vector<CodeModel> changed_model_;
    std::array<TreeModel<2>, 3> change_;
    std::array<BitModel, 2> represented_;
    bool before_represented_ = false;
    std::array<std::uint32_t, kMaxColumns> before_octave_{};
};

}  // namespace izar
