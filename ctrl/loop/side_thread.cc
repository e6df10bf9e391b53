#include "ctrl/loop/side_thread.h"

#include <sys/resource.h>
#include <unistd.h>

#include "dataplane/base/check.h"

namespace izar {
namespace {
constexpr int kNice = 10;
}

void SideThread::start(Work work) {
    CHECK(!busy());
    result_ = std::async(std::launch::async, [work = std::move(work)] {
        setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);  // on Linux of this thread alone
        return work();
    });
    look();
}

void SideThread::look() {
    if (result_.wait_for(Nanos{0}) != std::future_status::ready) {
        timer_.start(kLook, [this] { look(); });
        return;
    }
    const Done done = result_.get();
    done();
}

}  // namespace izar
