// failpoint.h -- FailPoints: named places where a test ends the process, to prove that nothing half-done is left.
//
// Code that promises to survive kill -9 names the moments between its steps. In production there is no FailPoints
// object and a place costs one comparison with null; in a test `reached` counts, records, or never returns.
//
// Thread: the object belongs to the thread of its store.
#pragma once

#include <string_view>

namespace izar {

class FailPoints {
  public:
    FailPoints() = default;
    FailPoints(const FailPoints&) = delete;
    FailPoints& operator=(const FailPoints&) = delete;
    virtual ~FailPoints() = default;

    // Names read "join.fenced": the operation, then what has just been done.
    virtual void reached(std::string_view operation, std::string_view step) = 0;
};

inline void fail_point(FailPoints* points, std::string_view operation, std::string_view step) {
    if (points != nullptr) {
        points->reached(operation, step);
    }
}

}  // namespace izar
