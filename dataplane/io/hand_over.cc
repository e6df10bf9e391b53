#include "dataplane/io/hand_over.h"

#include <fmt/format.h>
#include <rte_errno.h>
#include <rte_ring.h>

namespace izar {

Result<std::unique_ptr<HandOver>> HandOver::make(const std::string& prefix, std::size_t lcores, std::size_t buffers) {
    std::unique_ptr<HandOver> out(new HandOver(lcores));
    for (std::size_t i = 0; lcores > 1 && i < out->rings_.size(); ++i) {
        const std::string name = fmt::format("{}_{}", prefix, i);
        out->rings_[i] = rte_ring_create(name.c_str(), static_cast<unsigned>(slots(lcores, buffers)), SOCKET_ID_ANY,
                                         RING_F_SP_ENQ | RING_F_SC_DEQ);
        if (out->rings_[i] == nullptr) {
            return fail(fmt::format("cannot make ring {} between lcores: {}; give the process more memory (-m)", name,
                                    rte_strerror(rte_errno)));
        }
    }
    return out;
}

HandOver::~HandOver() {
    for (rte_ring* ring : rings_) {
        rte_ring_free(ring);
    }
}

std::size_t HandOver::put(LcoreIndex from, LcoreIndex to, std::span<rte_mbuf* const> packets) noexcept {
    return rte_ring_sp_enqueue_burst(ring(from, to), reinterpret_cast<void* const*>(packets.data()),
                                     static_cast<unsigned>(packets.size()), nullptr);
}

unsigned HandOver::take(LcoreIndex from, LcoreIndex to, std::array<rte_mbuf*, kMaxBurst>& out) noexcept {
    return rte_ring_sc_dequeue_burst(ring(from, to), reinterpret_cast<void**>(out.data()), kMaxBurst, nullptr);
}

}  // namespace izar
