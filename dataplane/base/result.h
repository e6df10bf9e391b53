// result.h -- Result<T>: a value, or an error whose text tells the reader what to do.
//
// For operating failures only (a file that is not there, a device that will not open). A packet gets
// a verdict instead (verdict.def), a bug a CHECK (check.h).
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace izar {

struct Error {
    std::string text;  // what happened and what to do, one or more sentences, no final newline
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(std::string text) {
    return tl::unexpected<Error>(Error{std::move(text)});
}

}  // namespace izar
