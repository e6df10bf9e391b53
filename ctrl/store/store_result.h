// store_result.h -- StoreResult<T>: what a store gave, or why not, in the kinds a caller treats differently.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace izar {

enum class StoreFault : std::uint8_t {
    refused,      // the request cannot be granted as it stands: tell whoever made it
    missing,      // the same, because what it is about is not there
    conflict,     // the same, because of something else that is there
    denied,       // a token that is unknown, expired, used up or withdrawn; deliberately no more than that
    fenced,       // somebody else leads since: stop writing and step down
    unavailable,  // disk or database; nothing was changed, and the same call may be tried again
    unknown,      // the database was told to commit and nobody knows whether it did; the same call may be tried again
};

struct StoreError {
    StoreFault fault = StoreFault::unavailable;
    std::string text;  // what happened and what to do
};

template <typename T>
using StoreResult = tl::expected<T, StoreError>;

inline tl::unexpected<StoreError> store_fail(StoreFault fault, std::string text) {
    return tl::unexpected<StoreError>(StoreError{fault, std::move(text)});
}

// Of a commit without an answer; `why` there is none.
inline StoreError unknown_commit(const std::string& why) {
    return {StoreFault::unknown, why +
                                     "; what was asked for may or may not have been stored. Look whether it is there, "
                                     "or ask for it again, which does no harm"};
}

}  // namespace izar
