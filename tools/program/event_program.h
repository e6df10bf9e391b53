// event_program.h -- What the mains of programs that live on an EventLoop have in common: clock, log, end.
//
// Thread: main, which is the loop's.
#pragma once

#include <fmt/format.h>
#include <sys/signalfd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>

#include "ctrl/loop/event_loop.h"

namespace izar {

inline Instant monotonic_now() {
    return Instant{std::chrono::duration_cast<Nanos>(std::chrono::steady_clock::now().time_since_epoch())};
}

inline void log_line(const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
}

// SIGINT and SIGTERM set `ended`, as events of the loop.
inline void end_at_signals(EventLoop& loop, bool& ended) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    loop.watch(FileDescriptor{signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)}, [&ended] { ended = true; });
}

}  // namespace izar
