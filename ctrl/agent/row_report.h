// row_report.h -- RowReport: how this node's row of links goes to its controller, as items or as a summary of them.
//
// Whichever is shorter. A summary tells what the links to a region have in common (ctrl/mesh/row_summary.h), and is a
// change of the newest one that the controller acknowledged, if there is one. A controller that does not say that it
// reads summaries gets items, as controllers always did.
//
// Thread: the agent's.
#pragma once

#include <map>

#include "ctrl/frames/static_data.h"
#include "ctrl/mesh/row_summary.h"
#include "sched/feed.h"
#include "sched/summary/exchange.h"

namespace izar {

namespace control {
class LinkRow;
class RowTaken;
}  // namespace control

class RowReport {
  public:
    // A connection begins: what its controller reads, or has, is not known.
    void begin();
    // The nodes of which rows are, and their regions.
    void set_static(const StaticData& data);

    // Fills in items or summary. Requires an empty `into`. Links to nodes that the static data does not have, which
    // izar-edge may not know yet, are none of a summary.
    void write(const std::map<NodeId, FeedLink>& row, control::LinkRow& into);

    // True: the row is wanted once more, at once; it will be items.
    [[nodiscard]] bool take(const control::RowTaken& taken);

  private:
    RowPlaces places_;
    SummarySender sender_;
    bool is_read_ = false;     // summaries are, by the controller
    bool items_next_ = false;  // it asked for them
};

}  // namespace izar
