// send_stamp.h -- SendStamp: when a packet should have been sent, carried by its mbuf through the node.
//
// Thread: the generator's. The node passes the mbuf on and never looks there.
#pragma once

#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

#include "dataplane/base/check.h"
#include "dataplane/base/types.h"

namespace izar {

class SendStamp {
  public:
    SendStamp() {
        const rte_mbuf_dynfield field = {
            .name = "izar_perf_send_stamp", .size = sizeof(Instant), .align = alignof(Instant), .flags = 0};
        offset_ = rte_mbuf_dynfield_register(&field);
        CHECK(offset_ >= 0);  // the rig has all dynamic fields to itself
    }
    // Instant{} is "none", and what a fresh pool's buffers hold.
    Instant& of(rte_mbuf* m) const noexcept { return *RTE_MBUF_DYNFIELD(m, offset_, Instant*); }

  private:
    int offset_;
};

}  // namespace izar
