// check.h -- CHECK(condition): a bug ends the process, in release builds too.
#pragma once

namespace izar {

// Prints file, line and the broken condition to stderr and aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* condition) noexcept;

}  // namespace izar

#define CHECK(condition)                                                      \
    (__builtin_expect(static_cast<bool>(condition), 1) ? static_cast<void>(0) \
                                                       : ::izar::check_failed(__FILE__, __LINE__, #condition))
