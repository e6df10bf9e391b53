#include "dataplane/lcore/thread_class.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <thread>

namespace izar {
namespace {

// In a thread of its own, so that the test program stays as it was.
template <typename Body>
void in_thread(Body body) {
    std::thread(body).join();
}

TEST(ThreadClass, SetsWhatItSaysItSet) {
    in_thread([] {
        const int before = getpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)));
        const auto result = set_shared_core_class();
        const int after = getpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)));
        const bool nice_refused = !result && result.error().text.find("nice") != std::string::npos;
        EXPECT_EQ(after, nice_refused ? before : kLcoreNice);
        // Never a real-time class: a saturated one silences everybody else on the core.
        EXPECT_EQ(sched_getscheduler(0), SCHED_OTHER);
    });
}

TEST(ThreadClass, WithoutPrivilegeItSaysSoAndLeavesTheThreadAlone) {
    if (geteuid() != 0) {
        in_thread([] {
            const auto result = set_shared_core_class();
            ASSERT_FALSE(result);
            EXPECT_NE(result.error().text.find("CAP_SYS_NICE"), std::string::npos);
        });
        return;
    }
    in_thread([] {
        const int before = getpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)));
        // The raw call changes the identity of this thread only, unlike glibc's setuid.
        ASSERT_EQ(syscall(SYS_setresuid, 65534, 65534, 65534), 0);
        const auto result = set_shared_core_class();
        ASSERT_FALSE(result);
        EXPECT_NE(result.error().text.find("CAP_SYS_NICE"), std::string::npos) << result.error().text;
        EXPECT_EQ(getpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid))), before);
    });
}

}  // namespace
}  // namespace izar
