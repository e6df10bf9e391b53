// side_thread.h -- SideThread: long pure computations beside an event loop, one at a time.
//
// The loop goes on serving meanwhile. What is computed shares nothing with the loop that changes; its result is handed
// over by a call that the loop makes.
//
// Thread: the event loop's. The computation has a thread of its own, of lower priority (nice 10).
#pragma once

#include <functional>
#include <future>

#include "ctrl/loop/event_loop.h"

namespace izar {

class SideThread {
  public:
    static constexpr Nanos kLook = std::chrono::milliseconds{5};  // between two looks whether it is done

    using Done = std::function<void()>;
    using Work = std::function<Done()>;

    // Waits for what is being computed when it goes; its result is not handed over then.
    explicit SideThread(EventLoop& loop) : timer_(loop) {}
    SideThread(const SideThread&) = delete;

    bool busy() const noexcept { return result_.valid(); }
    // Runs `work` on the thread, and what that returns on the loop. Requires !busy().
    void start(Work work);

  private:
    void look();

    std::future<Done> result_;
    Timer timer_;
};

}  // namespace izar
