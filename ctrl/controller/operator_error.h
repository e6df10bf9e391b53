// operator_error.h -- OperatorError: why an operator's request was not answered, and whether the request is to blame.
//
// Thread: values.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "ctrl/store/store_result.h"
#include "dataplane/base/result.h"

namespace izar {

enum class OperatorFault : std::uint8_t {
    wrong,     // the request
    missing,   // what it is about is not there
    conflict,  // something else that is there is in its way: a name or VIP that is taken
    later,     // the same request may be granted another time: not it is wrong, but the store does not do it
};

struct OperatorError {
    OperatorError(Error error, OperatorFault why = OperatorFault::wrong) : text(std::move(error.text)), fault(why) {}
    OperatorError(const StoreError& error)
        : text(error.fault == StoreFault::unavailable ? error.text + "; nothing was changed" : error.text),
          fault(fault_of(error.fault)) {}
    operator Error() const { return Error{text}; }

    std::string text;
    OperatorFault fault = OperatorFault::wrong;

  private:
    static OperatorFault fault_of(StoreFault fault) {
        switch (fault) {
            case StoreFault::refused:
            case StoreFault::denied:
                return OperatorFault::wrong;
            case StoreFault::missing:
                return OperatorFault::missing;
            case StoreFault::conflict:
                return OperatorFault::conflict;
            case StoreFault::fenced:
            case StoreFault::unavailable:
            case StoreFault::unknown:
                break;
        }
        return OperatorFault::later;
    }
};

inline tl::unexpected<OperatorError> operator_fail(OperatorFault fault, std::string text) {
    return tl::unexpected<OperatorError>(OperatorError{Error{std::move(text)}, fault});
}

template <typename T>
using Answered = tl::expected<T, OperatorError>;

}  // namespace izar
