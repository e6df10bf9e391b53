// timing.h -- How the rows of summary_suite are timed: CPU time of this thread, medians.
//
// Thread: the one that measures.
#pragma once

#include <time.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "dataplane/base/types.h"

namespace izar {

inline Instant thread_time() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return Instant(std::chrono::seconds(time.tv_sec) + Nanos(time.tv_nsec));
}

inline double median_of(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

template <typename Work>
double median_ms(int runs, const Work& work) {
    std::vector<double> times;
    for (int run = 0; run < runs; ++run) {
        const Instant start = thread_time();
        work();
        times.push_back(std::chrono::duration<double, std::milli>(thread_time() - start).count());
    }
    return median_of(std::move(times));
}

}  // namespace izar
