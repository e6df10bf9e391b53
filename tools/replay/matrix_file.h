// matrix_file.h -- Reads RTT matrices from text: one row per line, numbers separated by white space.
//
// This is the form of the published PlanetLab (milliseconds) and Seattle (seconds) sets. A 0, a negative number
// or `nan` off the diagonal means "not measured" and becomes kUnknownRtt; the diagonal is ignored.
//
// Thread: pure functions over a file or directory.
// Limits: kMaxMatrixNodes rows; a longer line or file is refused by its length, not read.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "sched/matrix.h"

namespace izar {

inline constexpr std::size_t kMaxMatrixNodes = 4096;

enum class RttUnit { milliseconds, seconds };
Result<RttUnit> parse_rtt_unit(std::string_view text);  // "ms" or "s"

struct NamedMatrix {
    std::string name;  // the file's
    RttMatrix matrix;  // ms
    std::size_t unknown = 0;
};

// `name` stands in errors: "NAME:LINE: what is wrong".
Result<NamedMatrix> parse_matrix(std::string_view text, std::string name, RttUnit unit);

Result<NamedMatrix> load_matrix(const std::filesystem::path& file, RttUnit unit);

// A file, or every regular file of a directory in the order of names (LICENSE and files with an extension are
// passed over). All matrices have the same number of nodes.
Result<std::vector<NamedMatrix>> load_matrices(const std::filesystem::path& file_or_directory, RttUnit unit);

}  // namespace izar
