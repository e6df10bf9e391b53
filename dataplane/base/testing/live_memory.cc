#include "dataplane/base/testing/live_memory.h"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> live = 0;

}  // namespace

// Not inlined, or the compiler takes the free() for a mistake.
__attribute__((noinline)) void* operator new(std::size_t bytes) {
    void* const out = std::malloc(bytes);
    if (out == nullptr) {
        throw std::bad_alloc();
    }
    live += malloc_usable_size(out);
    return out;
}

__attribute__((noinline)) void operator delete(void* memory) noexcept {
    live -= malloc_usable_size(memory);
    std::free(memory);
}

__attribute__((noinline)) void operator delete(void* memory, std::size_t) noexcept {
    operator delete(memory);
}

namespace izar {

std::size_t live_bytes() noexcept {
    return live;
}

}  // namespace izar
