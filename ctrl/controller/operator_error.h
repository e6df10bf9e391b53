// operator_error.h -- OperatorError: why an operator's request was not answered, and whether the request is to blame.
//
// Thread: values.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "ctrl/store/store_result.h"
#include "dataplane/base/result.h"

namespace izar {

struct OperatorError {
    OperatorError(Error error) : text(std::move(error.text)) {}
    OperatorError(const StoreError& error)
        : text(error.fault == StoreFault::unavailable ? error.text + "; nothing was changed" : error.text),
          later(error.fault != StoreFault::refused && error.fault != StoreFault::denied) {}
    operator Error() const { return Error{text}; }

    std::string text;
    bool later = false;  // the same request may be granted another time: not it is wrong, but the store does not do it
};

template <typename T>
using Answered = tl::expected<T, OperatorError>;

}  // namespace izar
