// matrix_file.cc -- from_chars over the whole text: no locale, no copies of numbers, errors with a line.
#include "tools/replay/matrix_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <optional>

namespace izar {
namespace {

constexpr std::size_t kMaxFileBytes = kMaxMatrixNodes * kMaxMatrixNodes * 8;  // 8 characters a number
constexpr std::size_t kShownCharacters = 24;                                  // of a wrong number

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

// Appends the numbers of one line.
Result<std::size_t> parse_row(std::string_view line, std::string_view name, std::size_t line_number,
                              std::vector<float>& numbers) {
    std::size_t count = 0;
    for (const char *at = line.data(), *end = at + line.size();;) {
        at = std::find_if_not(at, end, is_blank);
        if (at == end)
            return count;
        float number = 0;
        const auto [rest, error] = std::from_chars(at, end, number);
        if (error != std::errc() || (rest != end && !is_blank(*rest))) {
            const auto length = std::min<std::size_t>(std::find_if(at, end, is_blank) - at, kShownCharacters);
            return fail(fmt::format("{}:{}: '{}' is not a number; a row is RTTs separated by white space", name,
                                    line_number, std::string_view(at, length)));
        }
        if (++count > kMaxMatrixNodes)
            return fail(fmt::format("{}:{}: more than {} numbers in a row", name, line_number, kMaxMatrixNodes));
        numbers.push_back(number);
        at = rest;
    }
}

NamedMatrix to_matrix(std::string name, const std::vector<float>& numbers, std::size_t nodes, RttUnit unit) {
    const float to_ms = unit == RttUnit::seconds ? 1000.0F : 1.0F;
    NamedMatrix result{std::move(name), RttMatrix(nodes), 0};
    for (std::size_t from = 0; from < nodes; ++from)
        for (std::size_t to = 0; to < nodes; ++to) {
            const float number = numbers[from * nodes + to];
            if (from == to)
                continue;
            if (std::isfinite(number) && number > 0.0F)
                result.matrix.set(from, to, number * to_ms);
            else
                ++result.unknown;
        }
    return result;
}

}  // namespace

Result<RttUnit> parse_rtt_unit(std::string_view text) {
    if (text == "ms")
        return RttUnit::milliseconds;
    if (text == "s")
        return RttUnit::seconds;
    return fail(fmt::format("unit '{}' is not known; use ms or s", text.substr(0, kShownCharacters)));
}

Result<NamedMatrix> parse_matrix(std::string_view text, std::string name, RttUnit unit) {
    std::vector<float> numbers;
    std::optional<std::size_t> columns;
    std::size_t rows = 0;
    for (std::size_t line_number = 1; !text.empty(); ++line_number) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const auto count = parse_row(line, name, line_number, numbers);
        if (!count)
            return tl::unexpected(count.error());
        if (*count == 0)
            continue;
        if (!columns)
            columns = *count;
        if (*count != *columns)
            return fail(fmt::format("{}:{}: {} numbers, the first row has {}; a matrix is square", name, line_number,
                                    *count, *columns));
        if (++rows > *columns)
            return fail(
                fmt::format("{}:{}: more rows than the {} columns; a matrix is square", name, line_number, *columns));
    }
    if (!columns)
        return fail(fmt::format("{}: holds no numbers", name));
    if (rows != *columns)
        return fail(fmt::format("{}: {} rows of {} numbers; a matrix is square", name, rows, *columns));
    if (rows < 2)
        return fail(fmt::format("{}: one node has no links; give at least two", name));
    return to_matrix(std::move(name), numbers, rows, unit);
}

Result<NamedMatrix> load_matrix(const std::filesystem::path& file, RttUnit unit) {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(file, error);
    if (error)
        return fail(fmt::format("cannot read {}: {}", file.string(), error.message()));
    if (bytes > kMaxFileBytes)
        return fail(fmt::format("{} has {} bytes; a matrix of {} nodes has fewer than {}", file.string(), bytes,
                                kMaxMatrixNodes, kMaxFileBytes));
    std::ifstream in(file, std::ios::binary);
    std::string text(bytes, '\0');
    if (!in.read(text.data(), static_cast<std::streamsize>(bytes)))
        return fail(fmt::format("cannot read {}; is it a file that you may read?", file.string()));
    return parse_matrix(text, file.filename().string(), unit);
}

Result<std::vector<NamedMatrix>> load_matrices(const std::filesystem::path& file_or_directory, RttUnit unit) {
    std::error_code error;
    std::vector<std::filesystem::path> files{file_or_directory};
    if (std::filesystem::is_directory(file_or_directory, error)) {
        files.clear();
        for (const auto& entry : std::filesystem::directory_iterator(file_or_directory, error))
            if (entry.is_regular_file(error) && !entry.path().has_extension() && entry.path().filename() != "LICENSE")
                files.push_back(entry.path());
        std::sort(files.begin(), files.end());
    }
    if (files.empty())
        return fail(
            fmt::format("{} holds no matrix; matrices are files without extension", file_or_directory.string()));
    std::vector<NamedMatrix> result;
    for (const auto& file : files) {
        auto matrix = load_matrix(file, unit);
        if (!matrix)
            return tl::unexpected(matrix.error());
        if (!result.empty() && matrix->matrix.nodes() != result.front().matrix.nodes())
            return fail(fmt::format("{} has {} nodes, {} has {}; the slices of a series have the same nodes",
                                    file.string(), matrix->matrix.nodes(), result.front().name,
                                    result.front().matrix.nodes()));
        result.push_back(std::move(*matrix));
    }
    return result;
}

}  // namespace izar
