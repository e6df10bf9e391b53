#include "dataplane/lcore/thread_class.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>

namespace izar {
namespace {

// sched_setattr(2); glibc 2.36 has neither the function nor the struct.
struct SchedAttributes {
    std::uint32_t size = sizeof(SchedAttributes);
    std::uint32_t policy = SCHED_OTHER;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime = 0;  // for SCHED_OTHER: the slice in nanoseconds, Linux 6.12 and later
    std::uint64_t deadline = 0;
    std::uint64_t period = 0;
};
static_assert(sizeof(SchedAttributes) == 48, "SCHED_ATTR_SIZE_VER0");

bool get_attributes(SchedAttributes& out) {
    return syscall(SYS_sched_getattr, 0, &out, sizeof out, 0) == 0;
}

// The kernel shares cores between sessions before it looks at threads.
bool sessions_share_cores() {
    std::ifstream file("/proc/sys/kernel/sched_autogroup_enabled");
    int enabled = 0;
    return file >> enabled && enabled != 0;
}

// Of this process's session; nothing if it belongs to none ("/autogroup-17 nice 0").
int session_nice() {
    std::ifstream file("/proc/self/autogroup");
    std::string group;
    std::string word;
    int nice = 0;
    file >> group >> word >> nice;
    return nice;
}

// What is wrong, empty if nothing.
std::string raise_session() {
    if (!sessions_share_cores() || session_nice() == kLcoreNice) {
        return {};
    }
    if (getsid(0) != getpid()) {
        return fmt::format(
            "cores are shared by session here, and this process leads none; start it by setsid or systemd, or its {} "
            "counts in this session only.",
            kLcoreNice);
    }
    std::ofstream file("/proc/self/autogroup");
    file << kLcoreNice << std::flush;
    return file ? std::string{}
                : fmt::format("its session stays at nice {}; run as root or with CAP_SYS_NICE.", session_nice());
}

}  // namespace

Result<void> set_shared_core_class() {
    std::string problems = raise_session();
    const pid_t thread = static_cast<pid_t>(syscall(SYS_gettid));
    if (setpriority(PRIO_PROCESS, static_cast<id_t>(thread), kLcoreNice) != 0) {
        problems += fmt::format("{}nice {} was refused ({}); run as root or with CAP_SYS_NICE.",
                                problems.empty() ? "" : " ", kLcoreNice, std::strerror(errno));
    }
    SchedAttributes attributes;
    const bool known = get_attributes(attributes);
    attributes.size = sizeof attributes;
    attributes.policy = SCHED_OTHER;
    attributes.runtime = static_cast<std::uint64_t>(kLcoreSlice.count());
    attributes.deadline = 0;
    attributes.period = 0;
    const bool accepted = known && syscall(SYS_sched_setattr, 0, &attributes, 0) == 0;
    // A kernel before 6.12 accepts the call and ignores the slice, so only reading it back tells.
    SchedAttributes now;
    if (!accepted || !get_attributes(now) || now.runtime != static_cast<std::uint64_t>(kLcoreSlice.count())) {
        problems +=
            fmt::format("{}the 0.2 ms slice was not taken; it needs Linux 6.12 or later.", problems.empty() ? "" : " ");
    }
    if (!problems.empty()) {
        return fail(problems);
    }
    return {};
}

}  // namespace izar
