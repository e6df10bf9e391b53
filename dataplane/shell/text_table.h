// text_table.h -- Rows of text under column titles, each column as wide as its widest cell.
//
// Thread: a value.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace izar {

class TextTable {
  public:
    enum class Align : unsigned char { left, right };
    struct Column {
        std::string title;
        Align align = Align::left;
    };

    explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

    // Requires as many cells as columns.
    void add(std::vector<std::string> cells);
    // Every line ends in a newline and none has blanks at its end. Without rows: the titles only.
    std::string text() const;

  private:
    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

// "12.345" with that many decimals, or "-" for what was not measured.
std::string number_cell(std::optional<double> value, int decimals);
std::string count_cell(std::optional<unsigned long> value);

}  // namespace izar
