// flow_window.h -- FlowWindow: how main looks into an lcore's flow table without touching it.
//
// Thread: ask() and take() by the main thread, serve() by the lcore, a bounded piece a round. The lcore copies
//         flows into memory that was allocated at start; the one atomic says whose turn it is.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <variant>

#include "dataplane/flow/flow_table.h"

namespace izar {

inline constexpr std::size_t kFlowsShown = 1024;  // flows of one family that one look can hold

struct FlowPicture {
    Instant at{};  // the lcore's clock
    std::span<const Flow<Ipv4Address>> ipv4;
    std::span<const Flow<Ipv6Address>> ipv6;
};

class FlowWindow {
  public:
    FlowWindow()
        : ipv4_(std::make_unique<Flow<Ipv4Address>[]>(kFlowsShown)),
          ipv6_(std::make_unique<Flow<Ipv6Address>[]>(kFlowsShown)) {}

    // Main: asks for a picture unless one is under way.
    void ask() noexcept;
    // Main: the picture, once it is complete; valid until the next ask().
    std::optional<FlowPicture> take() const noexcept;

    // The lcore, once a round; nothing to do costs one load.
    void serve(const FlowTable<Ipv4Address>& flows4, const FlowTable<Ipv6Address>& flows6, Instant now) noexcept {
        if (turn_.load(std::memory_order_acquire) == Turn::lcore) {
            copy(flows4, flows6, now);
        }
    }

  private:
    enum class Turn : std::uint8_t { main, lcore };
    static constexpr std::uint32_t kEntriesARound = 256;
    void copy(const FlowTable<Ipv4Address>& flows4, const FlowTable<Ipv6Address>& flows6, Instant now) noexcept;

    std::atomic<Turn> turn_{Turn::main};
    std::unique_ptr<Flow<Ipv4Address>[]> ipv4_;
    std::unique_ptr<Flow<Ipv6Address>[]> ipv6_;
    std::size_t size4_ = 0;
    std::size_t size6_ = 0;
    std::uint32_t next4_ = 0;
    std::uint32_t next6_ = 0;
    bool done4_ = false;
    Instant at_{};
};

}  // namespace izar
