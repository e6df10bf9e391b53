// system_sample.h -- What this machine is and does: the columns of system_info, from /proc and statvfs.
//
// Thread: one object belongs to one; read() opens some files under /proc, about 0.3 ms.
//
// CPU usage is that since the last call, and in the first that since the object was made. A call that comes too soon
// after another to tell repeats what that told, which is the mean since the machine's start if there was none.
#pragma once

#include <cstdint>
#include <string>

namespace izar {

namespace control {
class SystemSample;
}

class SystemSampler {
  public:
    // Of all CPUs, of 10 ms each (USER_HZ): with fewer, usage would be a number of few steps.
    static constexpr std::uint64_t kLeastTicks = 20;

    // Another root than "/" is for tests.
    explicit SystemSampler(std::string root = "");

    // What cannot be read stays 0 or empty.
    control::SystemSample read();

  private:
    void read_usage(std::uint64_t least_ticks);

    std::string root_;
    double usage_percent_ = 0;
    std::uint64_t busy_ticks_ = 0;
    std::uint64_t all_ticks_ = 0;
};

}  // namespace izar
