// matrix_file_test.cc -- What is read, and what each kind of mistake is told.
#include "tools/replay/matrix_file.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>

namespace izar {
namespace {

std::string error_of(std::string_view text) {
    const auto result = parse_matrix(text, "m", RttUnit::milliseconds);
    return result ? "" : result.error().text;
}

TEST(MatrixFile, ReadsUnitsAndMissingValues) {
    const auto result = parse_matrix("0 0.17\t0\r\n\n0.2 0 nan\n  1e-2 -1 0", "m", RttUnit::seconds);
    ASSERT_TRUE(result) << result.error().text;
    EXPECT_EQ(result->matrix.nodes(), 3U);
    EXPECT_FLOAT_EQ(result->matrix.at(0, 1), 170.0F);
    EXPECT_FLOAT_EQ(result->matrix.at(2, 0), 10.0F);
    EXPECT_EQ(result->matrix.at(0, 2), kUnknownRtt);
    EXPECT_EQ(result->matrix.at(1, 2), kUnknownRtt);
    EXPECT_EQ(result->matrix.at(2, 1), kUnknownRtt);
    EXPECT_EQ(result->unknown, 3U);
}

TEST(MatrixFile, SaysWhatIsWrongAndWhere) {
    EXPECT_EQ(error_of(""), "m: holds no numbers");
    EXPECT_EQ(error_of("0 1\n1 x2"), "m:2: 'x2' is not a number; a row is RTTs separated by white space");
    EXPECT_EQ(error_of("0 1\n1 2ms"), "m:2: '2ms' is not a number; a row is RTTs separated by white space");
    EXPECT_EQ(error_of("0 1\n1"), "m:2: 1 numbers, the first row has 2; a matrix is square");
    EXPECT_EQ(error_of("0 1\n1 0\n1 0"), "m:3: more rows than the 2 columns; a matrix is square");
    EXPECT_EQ(error_of("0 1"), "m: 1 rows of 2 numbers; a matrix is square");
    EXPECT_EQ(error_of("0"), "m: one node has no links; give at least two");
    std::string wide;
    for (std::size_t i = 0; i <= kMaxMatrixNodes; ++i)
        wide += "1 ";
    EXPECT_EQ(error_of(wide), "m:1: more than 4096 numbers in a row");
    EXPECT_FALSE(parse_rtt_unit("us"));
    EXPECT_FALSE(load_matrices("/nonexistent/file", RttUnit::seconds));
}

RC_GTEST_PROP(MatrixFile, AnyTextIsReadOrRefused, (const std::string& text)) {
    const auto result = parse_matrix(text, "m", RttUnit::milliseconds);
    RC_ASSERT((result ? result->matrix.nodes() >= 2 : !result.error().text.empty()));
}

TEST(MatrixFile, ReadsADirectoryInOrderOfNames) {
    const auto directory = std::filesystem::path(testing::TempDir()) / "matrix_file_test";
    std::filesystem::create_directories(directory);
    std::ofstream(directory / "b_2") << "0 2\n2 0\n";
    std::ofstream(directory / "b_1") << "0 1\n1 0\n";
    std::ofstream(directory / "LICENSE") << "text\n";
    const auto result = load_matrices(directory, RttUnit::milliseconds);
    ASSERT_TRUE(result) << result.error().text;
    ASSERT_EQ(result->size(), 2U);
    EXPECT_EQ((*result)[0].name, "b_1");
    EXPECT_EQ((*result)[1].matrix.at(0, 1), 2.0F);
    std::ofstream(directory / "b_3") << "0 1 1\n1 0 1\n1 1 0\n";
    EXPECT_FALSE(load_matrices(directory, RttUnit::milliseconds));
    std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace izar
