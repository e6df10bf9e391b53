#include "tools/trace/trace_recorder.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "tools/trace/trace_format.h"

namespace izar {

Result<std::unique_ptr<TraceRecorder>> TraceRecorder::open(const std::string& file, std::uint16_t overlay_mtu,
                                                           std::uint64_t most_bytes) {
    File opened(std::fopen(file.c_str(), "we"), std::fclose);
    if (!opened) {
        return fail(fmt::format("{}: {}; give a file in a directory that exists and may be written", file,
                                std::strerror(errno)));
    }
    std::unique_ptr<TraceRecorder> recorder(new TraceRecorder(std::move(opened), most_bytes));
    recorder->write_line(trace_line(TraceHead{overlay_mtu}));
    return recorder;
}

void TraceRecorder::put(const Event& event) noexcept {
    if (!events_.push(event)) {
        missed_.fetch_add(1, std::memory_order_relaxed);
    }
}

void TraceRecorder::on_report(const LinkReport& report, Instant now) noexcept {
    put({now, report, nullptr});
}

void TraceRecorder::on_update(const std::shared_ptr<const FeedUpdate>& update, Instant now) noexcept {
    put({now, {}, update});
}

bool TraceRecorder::write_line(const std::string& line) {
    ended_ |=
        bytes_ + line.size() > most_bytes_ || std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size();
    bytes_ += ended_ ? 0 : line.size();
    return !ended_;
}

bool TraceRecorder::write() {
    Event event;
    while (events_.pop(event)) {
        if (ended_) {
            continue;
        }
        const TraceEvent told = event.update != nullptr ? TraceEvent{TraceUpdate{event.now, event.update}}
                                                        : TraceEvent{TraceReport{event.now, event.report}};
        write_line(trace_line(told));
    }
    if (const std::uint64_t missed = this->missed(); missed != missed_written_ && !ended_) {
        write_line(trace_line(TraceLoss{missed - missed_written_}));
        missed_written_ = missed;
    }
    ended_ |= std::fflush(file_.get()) != 0;
    return !ended_;
}

}  // namespace izar
