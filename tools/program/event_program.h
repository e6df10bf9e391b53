// event_program.h -- What the mains of programs that live on an EventLoop have in common: clock, log, end.
//
// Thread: main, which is the loop's.
#pragma once

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <initializer_list>
#include <string>
#include <utility>

#include "ctrl/loop/event_loop.h"
#include "tools/program/environment.h"

namespace izar {

inline Instant monotonic_now() {
    return Instant{std::chrono::duration_cast<Nanos>(std::chrono::steady_clock::now().time_since_epoch())};
}

inline void log_line(const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
}

// As many sockets as the system lets this user have: shells and service managers give 1,024 unless asked.
inline void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

// Readable when one of these signals comes, which does nothing else any more; but threads begun before may get them.
inline FileDescriptor block_signals(std::initializer_list<int> signals) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals) {
        sigaddset(&set, signal);
    }
    sigprocmask(SIG_BLOCK, &set, nullptr);
    return FileDescriptor{signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
}

// SIGINT and SIGTERM set `ended`, as events of the loop.
inline void end_at_signals(EventLoop& loop, bool& ended) {
    loop.watch(block_signals({SIGINT, SIGTERM}), [&ended] { ended = true; });
}

// A signal of `signals` calls `act`, as an event of the loop; several that came meanwhile call it once.
inline void act_at_signals(EventLoop& loop, FileDescriptor signals, std::function<void()> act) {
    const int fd = signals.get();
    loop.watch(std::move(signals), [fd, act = std::move(act)] {
        signalfd_siginfo signal{};
        while (read(fd, &signal, sizeof signal) == sizeof signal) {
        }
        act();
    });
}

}  // namespace izar
