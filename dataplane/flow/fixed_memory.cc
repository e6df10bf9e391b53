#include "dataplane/flow/fixed_memory.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>

namespace izar {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::size_t round_up(std::size_t n, std::size_t unit) {
    return (n + unit - 1) / unit * unit;
}

// What the kernel says can still be used without swapping, bytes; without /proc there is no limit to tell.
std::size_t available_memory() {
    std::ifstream file("/proc/meminfo");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("MemAvailable:")) {
            return std::stoull(line.substr(line.find(':') + 1)) << 10;
        }
    }
    return std::numeric_limits<std::size_t>::max();
}

// Maps `bytes` bytes that start on a multiple of `alignment`, by mapping more and giving back both ends.
void* map_aligned(std::size_t bytes, std::size_t alignment) {
    const std::size_t room = bytes + alignment;
    void* mapped = mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) {
        return nullptr;
    }
    auto* const begin = static_cast<std::uint8_t*>(mapped);
    auto* const start = begin + (round_up(reinterpret_cast<std::uintptr_t>(begin), alignment) -
                                 reinterpret_cast<std::uintptr_t>(begin));
    if (start > begin) {
        munmap(begin, static_cast<std::size_t>(start - begin));
    }
    munmap(start + bytes, static_cast<std::size_t>(begin + room - (start + bytes)));
    return start;
}

// Makes every page present. False if there is not enough memory.
bool populate(void* data, std::size_t bytes, std::size_t page) {
    if (madvise(data, bytes, MADV_POPULATE_WRITE) == 0) {
        return true;
    }
    if (errno != EINVAL) {
        return false;
    }
    // Kernels before 5.14 do not know MADV_POPULATE_WRITE.
    for (std::size_t at = 0; at < bytes; at += page) {
        static_cast<volatile std::uint8_t*>(data)[at] = 0;
    }
    return true;
}

}  // namespace

Result<FixedMemory> FixedMemory::make(std::size_t bytes) {
    // Asked before, because populating more than there is would call the kernel's out-of-memory killer.
    if (const std::size_t available = available_memory(); bytes > available) {
        return fail(fmt::format("{} MiB are needed, {} MiB are available; configure fewer flows or free memory",
                                bytes >> 20, available >> 20));
    }
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t alignment = bytes >= kHugePage ? kHugePage : page;
    FixedMemory memory;
    memory.bytes_ = round_up(bytes, page);
    memory.data_ = map_aligned(memory.bytes_, alignment);
    if (memory.data_ == nullptr) {
        return fail(fmt::format("no address space for {} MiB ({}); configure fewer flows or raise the limit",
                                bytes >> 20, std::strerror(errno)));
    }
    // Best effort: with small pages everything works, only with more TLB misses.
    madvise(memory.data_, memory.bytes_, MADV_HUGEPAGE);
    if (!populate(memory.data_, memory.bytes_, page)) {
        return fail(fmt::format("no memory for {} MiB ({}); configure fewer flows or free memory", bytes >> 20,
                                std::strerror(errno)));
    }
    return memory;
}

FixedMemory::~FixedMemory() {
    if (data_ != nullptr) {
        munmap(data_, bytes_);
    }
}

}  // namespace izar
