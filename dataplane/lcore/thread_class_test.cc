#include "dataplane/lcore/thread_class.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
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
        const bool nice_refused = !result && result.error().text.find("refused") != std::string::npos;
        EXPECT_EQ(after, nice_refused ? before : kLcoreNice);
        // Never a real-time class: a saturated one silences everybody else on the core.
        EXPECT_EQ(sched_getscheduler(0), SCHED_OTHER);
    });
}

// "/autogroup-17 nice -10"; empty where the kernel does not share cores by session.
std::string autogroup() {
    std::ifstream enabled("/proc/sys/kernel/sched_autogroup_enabled");
    std::string digit;
    enabled >> digit;
    std::ifstream file("/proc/self/autogroup");
    std::string line;
    std::getline(file, line);
    return digit == "1" ? line : "";
}

// Runs `body` in a process of its own; true if it says so.
template <typename Body>
bool in_process(Body body) {
    const pid_t child = fork();
    if (child == 0) {
        _exit(body() ? 0 : 1);
    }
    int status = 1;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(ThreadClass, ASessionOfItsOwnGetsTheSameNiceness) {
    const std::string expected = " nice " + std::to_string(kLcoreNice);
    EXPECT_TRUE(in_process([&] {
        setsid();
        const auto result = set_shared_core_class();
        const bool refused = !result && result.error().text.find("its session stays") != std::string::npos;
        return autogroup().empty() || autogroup().ends_with(expected) != refused;
    }));
}

TEST(ThreadClass, ASessionOfOthersIsLeftAsItIs) {
    EXPECT_TRUE(in_process([] {
        setsid();
        return in_process([] {
            const std::string before = autogroup();
            const auto result = set_shared_core_class();
            return autogroup() == before && (before.empty() || !result);
        });
    }));
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
