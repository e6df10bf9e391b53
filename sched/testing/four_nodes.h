// four_nodes.h -- FourNodes: a scheduler in a small mesh whose best paths are known, for tests.
//
// Thread: one.
#pragma once

#include <gtest/gtest.h>

#include "sched/testing/test_node.h"

namespace izar {

// The scheduler of node 0, with links to 1, 2 and 3; 0-2-3 is the fastest way to 3.
class FourNodes : public testing::Test {
  protected:
    using milliseconds = std::chrono::milliseconds;

    FourNodes() {
        node.round();
        refresh();
        node.run(milliseconds{200});
    }

    void refresh() {
        node.measure(1, direct_1);
        node.measure(2, milliseconds{10});
        node.measure(3, direct_3);
        node.tell(1, 2, milliseconds{40});
        node.tell(1, 3, milliseconds{35});
        node.tell(2, 1, milliseconds{40});
        node.tell(2, 3, milliseconds{20});
        node.tell(3, 1, milliseconds{35});
        node.tell(3, 2, milliseconds{20});
    }
    // Time passes while everybody goes on measuring.
    void live(Nanos span) {
        for (const Instant end = node.now + span; node.now < end;) {
            refresh();
            node.run(milliseconds{50});
        }
    }

    Nanos direct_1 = milliseconds{15};
    Nanos direct_3 = milliseconds{60};
    TestNode node{4};
};

}  // namespace izar
