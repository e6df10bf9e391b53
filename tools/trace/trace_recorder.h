// trace_recorder.h -- TraceRecorder: what the scheduler thread is told, written to a bounded file.
//
// Thread: the scheduler thread calls on_report() and on_update(), which never wait: what finds no room is counted. The
//         main thread calls write(), often enough to keep the ring from filling.
#pragma once

#include <atomic>
#include <boost/lockfree/policies.hpp>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "dataplane/base/result.h"
#include "sched/scheduler.h"

namespace izar {

class TraceRecorder final : public SchedulerListener {
  public:
    static constexpr std::size_t kEvents = 32'768;                         // between two calls of write()
    static constexpr std::uint64_t kMostBytes = std::uint64_t{256} << 20;  // of the file; then recording ends

    // Replaces the file. The error says what to do.
    static Result<std::unique_ptr<TraceRecorder>> open(const std::string& file, std::uint16_t overlay_mtu,
                                                       std::uint64_t most_bytes = kMostBytes);

    void on_report(const LinkReport& report, Instant now) noexcept override;
    void on_update(const std::shared_ptr<const FeedUpdate>& update, Instant now) noexcept override;

    // Writes what came since the last call; false once the file is full or cannot be written, which is final.
    bool write();
    std::uint64_t missed() const noexcept { return missed_.load(std::memory_order_relaxed); }  // events, so far

  private:
    struct Event {
        Instant now{};
        LinkReport report;
        std::shared_ptr<const FeedUpdate> update;  // null: the event is the report
    };
    using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

    TraceRecorder(File file, std::uint64_t most_bytes) : file_(std::move(file)), most_bytes_(most_bytes) {}
    void put(const Event& event) noexcept;
    bool write_line(const std::string& line);

    boost::lockfree::spsc_queue<Event, boost::lockfree::capacity<kEvents>> events_;
    std::atomic<std::uint64_t> missed_{0};
    std::uint64_t missed_written_ = 0;
    File file_;
    std::uint64_t most_bytes_;
    std::uint64_t bytes_ = 0;
    bool ended_ = false;
};

}  // namespace izar
