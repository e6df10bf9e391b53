// row_writer.h -- RowWriter: the rows of links of all simulated agents, written by izar-agent's own code.
//
// To summarize a row of 1,000 links takes some 2 ms, on 1,000 machines; here on one, beside the controller that is
// measured. So it is done in a thread of its own that runs when nobody else wants to.
//
// Thread: the one that made it; the work is the other thread's, in the order of the calls.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "ctrl/agent/row_report.h"
#include "dataplane/base/random.h"
#include "perf/control/simulated_mesh.h"

namespace izar {

class RowWriter {
  public:
    // A row that is ready to be sent.
    struct Row {
        std::size_t agent = 0;
        bool is_summary = false;
        std::vector<std::uint8_t> frame;
    };

    // `mesh` must not change after the first row is asked for.
    RowWriter(const SimulatedMesh& mesh, std::uint64_t seed);
    ~RowWriter();
    RowWriter(const RowWriter&) = delete;

    void set_static(std::shared_ptr<const StaticData> data);
    // What the controller answered to a row of this agent.
    void take(std::size_t agent, const control::RowTaken& taken);
    void write(std::size_t agent);
    // Those that are ready since the last call.
    std::vector<Row> take_written();

  private:
    void post(std::function<void()> job);
    void run();
    void write_now(std::size_t agent);
    RowReport& report_of(std::size_t agent);

    const SimulatedMesh& mesh_;
    // Of the other thread.
    Random random_;
    std::shared_ptr<const StaticData> static_;
    std::vector<RowReport> reports_;
    std::vector<std::uint64_t> static_of_;  // version that each report has
    // Of both.
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> jobs_;
    std::vector<Row> written_;
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace izar
