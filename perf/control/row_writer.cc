#include "perf/control/row_writer.h"

#include <control.pb.h>
#include <sys/resource.h>
#include <unistd.h>

#include <utility>

#include "ctrl/frames/messages.h"

namespace izar {
namespace {
constexpr int kNice = 19;
}

RowWriter::RowWriter(const SimulatedMesh& mesh, std::uint64_t seed)
    : mesh_(mesh), random_(seed), static_(std::make_shared<const StaticData>()), thread_([this] { run(); }) {}

RowWriter::~RowWriter() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void RowWriter::set_static(std::shared_ptr<const StaticData> data) {
    post([this, data = std::move(data)] { static_ = data; });
}

void RowWriter::take(std::size_t agent, const control::RowTaken& taken) {
    post([this, agent, taken] {
        if (report_of(agent).take(taken)) {
            write_now(agent);
        }
    });
}

void RowWriter::write(std::size_t agent) {
    post([this, agent] { write_now(agent); });
}

std::vector<RowWriter::Row> RowWriter::take_written() {
    const std::lock_guard lock(mutex_);
    return std::exchange(written_, {});
}

void RowWriter::post(std::function<void()> job) {
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
}

void RowWriter::run() {
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
    std::unique_lock lock(mutex_);
    while (!stop_) {
        wake_.wait(lock, [this] { return stop_ || !jobs_.empty(); });
        if (!jobs_.empty()) {
            const auto job = std::move(jobs_.front());
            jobs_.pop_front();
            lock.unlock();
            job();
            lock.lock();
        }
    }
}

// Most static data has the nodes of before, and each agent takes it up before its next row.
void RowWriter::write_now(std::size_t agent) {
    RowReport& report = report_of(agent);
    if (std::exchange(static_of_[agent], static_->version) != static_->version) {
        report.set_static(*static_);
    }
    control::ToController message;
    report.write(mesh_.row(agent, random_), *message.mutable_link_row());
    Row row{agent, !message.link_row().summary().empty(), message_frame(message)};
    const std::lock_guard lock(mutex_);
    written_.push_back(std::move(row));
}

RowReport& RowWriter::report_of(std::size_t agent) {
    if (reports_.size() <= agent) {
        reports_.resize(mesh_.size());
        static_of_.resize(mesh_.size());
    }
    return reports_[agent];
}

}  // namespace izar
