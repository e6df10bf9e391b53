#include "dataplane/shell/text_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "dataplane/base/check.h"

namespace izar {

void TextTable::add(std::vector<std::string> cells) {
    CHECK(cells.size() == columns_.size());
    rows_.push_back(std::move(cells));
}

std::string TextTable::text() const {
    std::vector<std::size_t> width;
    std::vector<std::string> titles;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
        titles.push_back(columns_[c].title);
        width.push_back(columns_[c].title.size());
        for (const auto& row : rows_) {
            width[c] = std::max(width[c], row[c].size());
        }
    }
    std::string out;
    const auto add_line = [&](const std::vector<std::string>& cells) {
        std::string line;
        for (std::size_t c = 0; c < cells.size(); ++c) {
            const std::string gap = c == 0 ? "" : "  ";
            const bool right = columns_[c].align == Align::right;
            line += right ? fmt::format("{}{:>{}}", gap, cells[c], width[c])
                          : fmt::format("{}{:<{}}", gap, cells[c], width[c]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    };
    add_line(titles);
    for (const auto& row : rows_) {
        add_line(row);
    }
    return out;
}

std::string number_cell(std::optional<double> value, int decimals) {
    return value ? fmt::format("{:.{}f}", *value, decimals) : "-";
}

std::string count_cell(std::optional<unsigned long> value) {
    return value ? fmt::format("{}", *value) : "-";
}

}  // namespace izar
