// fixed_memory.h -- FixedMemory: zeroed memory that is there, page by page, before it is first used.
//
// Thread: any; owns one mapping. Large mappings are aligned for, and ask for, transparent huge pages.
#pragma once

#include <cstddef>
#include <utility>

#include "dataplane/base/result.h"

namespace izar {

class FixedMemory {
  public:
    // Fails if the system does not have `bytes` bytes; no page fault happens later.
    static Result<FixedMemory> make(std::size_t bytes);

    FixedMemory() = default;
    FixedMemory(FixedMemory&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    FixedMemory& operator=(FixedMemory&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~FixedMemory();

    void* data() const noexcept { return data_; }
    std::size_t bytes() const noexcept { return bytes_; }  // whole pages

  private:
    void* data_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace izar
