// history_recorder.h -- HistoryRecorder: picks what goes into history, a bounded share at a time.
//
// A fleet of 1,000 nodes has a million ordered pairs; writing them all at once would stop the thread that writes. So a
// pass over all links is cut into slices, in order of their ends, and starts again when it is through, at most once a
// bucket of the finest tier. A larger fleet gets fewer samples a link, never a longer slice.
//
// Thread: one; time is a parameter.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "ctrl/mesh/link_rows.h"
#include "ctrl/store/history.h"
#include "ctrl/store/records.h"
#include "sched/feed.h"

namespace izar {

class HistoryRecorder {
  public:
    // `round`: no link is recorded twice within it.
    explicit HistoryRecorder(std::chrono::seconds round) : round_(round) {}

    // The next slice, of at most `most` links.
    std::vector<FeedLink> next_links(const LinkRows& rows, std::size_t most, WallTime now);
    // Their history.
    std::vector<HistorySample> next(const LinkRows& rows, std::size_t most, WallTime now);

  private:
    std::chrono::seconds round_;
    WallTime begun_{};                               // of the pass
    std::optional<std::pair<NodeId, NodeId>> last_;  // link that the pass came to; none: it is through
};

// RTT, loss and used bandwidth of the links that are measured, loss 1 of those that are down.
std::vector<HistorySample> link_history(std::span<const FeedLink> links, WallTime now);

// CPU use of the nodes, out of their latest samples; `ids` by address. Unknown addresses are left out.
std::vector<HistorySample> node_history(std::span<const SystemInfo> samples, const std::map<std::string, NodeId>& ids);

}  // namespace izar
