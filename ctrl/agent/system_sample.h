// system_sample.h -- What this machine is and does: the columns of system_info, from /proc and statvfs.
//
// Thread: one object belongs to one; read() opens some files under /proc, about 0.3 ms.
#pragma once

#include <cstdint>
#include <string>

namespace izar {

namespace control {
class SystemSample;
}

class SystemSampler {
  public:
    // Another root than "/" is for tests.
    explicit SystemSampler(std::string root = "") : root_(std::move(root)) {}

    // CPU usage is that since the last call; 0 in the first. What cannot be read stays 0 or empty.
    control::SystemSample read();

  private:
    std::string root_;
    std::uint64_t busy_ticks_ = 0;
    std::uint64_t all_ticks_ = 0;
};

}  // namespace izar
