#include "dataplane/lcore/flow_window.h"

namespace izar {
namespace {

// Copies a piece of the table; returns whether the table's end or the window's is reached.
template <typename Address>
bool copy_piece(const FlowTable<Address>& flows, std::uint32_t budget, std::uint32_t& next, Flow<Address>* out,
                std::size_t& size) noexcept {
    next = flows.visit(next, budget, [&](const Flow<Address>& flow) {
        if (size < kFlowsShown) {
            out[size++] = flow;
        }
    });
    return next == 0 || size == kFlowsShown;
}

}  // namespace

void FlowWindow::ask() noexcept {
    if (turn_.load(std::memory_order_acquire) == Turn::lcore) {
        return;
    }
    size4_ = size6_ = 0;
    next4_ = next6_ = 0;
    done4_ = false;
    turn_.store(Turn::lcore, std::memory_order_release);
}

std::optional<FlowPicture> FlowWindow::take() const noexcept {
    if (turn_.load(std::memory_order_acquire) == Turn::lcore) {
        return std::nullopt;
    }
    return FlowPicture{at_, {ipv4_.get(), size4_}, {ipv6_.get(), size6_}};
}

void FlowWindow::copy(const FlowTable<Ipv4Address>& flows4, const FlowTable<Ipv6Address>& flows6,
                      Instant now) noexcept {
    at_ = now;
    if (!done4_) {
        done4_ = copy_piece(flows4, kEntriesARound, next4_, ipv4_.get(), size4_);
        return;
    }
    if (copy_piece(flows6, kEntriesARound, next6_, ipv6_.get(), size6_)) {
        turn_.store(Turn::main, std::memory_order_release);
    }
}

}  // namespace izar
