// uring.h -- Uring: one io_uring with a ring of receive buffers, and what this kernel can do with it.
//
// Newer features are asked for and done without where the kernel refuses: single issuer with deferred task work
// (6.1), multishot receive with provided buffer rings (6.0), multishot accept (5.19), registered buffers for sending
// (as much locked memory as they take). Linux 5.11 is the least.
//
// Thread: the one that made it, and no other.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/base/types.h"

namespace izar {

// What to use; a kernel without it is found out by trying. Tests switch features off to walk the other way.
struct UringFeatures {
    bool deferred = true;          // SINGLE_ISSUER | DEFER_TASKRUN
    bool buffer_ring = true;       // provided buffers, and with them multishot receive
    bool multishot_accept = true;  // one request for all connections
    bool registered_send = true;   // short messages go from buffers that the kernel has mapped already
};

struct UringSize {
    std::uint32_t entries = 256;         // of the submission queue
    std::uint32_t buffers = 64;          // for receiving, a power of two
    std::uint32_t buffer_bytes = 8'192;  // of each
    std::uint32_t send_buffers = 16;     // registered; when all are with the kernel, sends go without
    std::uint32_t send_bytes = 4'096;    // of each; longer messages go without
};

// A registered buffer, while it is taken.
struct SendBuffer {
    std::uint16_t index = 0;
    std::span<std::uint8_t> bytes;
};

class Uring {
  public:
    static Result<std::unique_ptr<Uring>> make(const UringSize& size, UringFeatures wanted);
    ~Uring();
    Uring(const Uring&) = delete;

    const UringFeatures& features() const noexcept { return features_; }
    void drop_buffer_ring() noexcept { features_.buffer_ring = false; }
    void drop_multishot_accept() noexcept { features_.multishot_accept = false; }

    // An empty request; submits the ones before it when they have become many.
    io_uring_sqe& request(std::uint64_t user_data);

    // Submits, waits for at least one completion up to `longest` and gives each to `handle`.
    template <typename Handle>
    void wait(Nanos longest, Handle handle) {
        submit_and_wait(longest);
        unsigned head = 0;
        unsigned seen = 0;
        io_uring_cqe* completion = nullptr;
        batch_.clear();
        io_uring_for_each_cqe(&ring_, head, completion) {
            batch_.push_back(*completion);
            ++seen;
        }
        io_uring_cq_advance(&ring_, seen);
        for (const io_uring_cqe& each : batch_) {
            handle(each);
        }
    }

    static constexpr std::uint16_t kBufferGroup = 1;
    // The bytes that a receive put into the provided buffer named by its completion.
    std::span<const std::uint8_t> received(const io_uring_cqe& completion) const noexcept;
    // Gives the buffer back to the kernel.
    void give_back(const io_uring_cqe& completion) noexcept;

    // A registered buffer for so many bytes, to be written to a socket by WRITE_FIXED; none: do without.
    std::optional<SendBuffer> take_send_buffer(std::size_t bytes) noexcept;
    // The kernel is done with it.
    void give_back(const SendBuffer& buffer) noexcept { free_send_buffers_.push_back(buffer.index); }

  private:
    explicit Uring(const UringSize& size) : size_(size) {}
    bool open(bool deferred) noexcept;
    bool provide_buffers() noexcept;
    bool register_send_buffers();
    bool writes_registered() noexcept;
    void submit_and_wait(Nanos longest) noexcept;
    std::uint8_t* buffer(std::uint32_t index) const noexcept {
        return buffers_.get() + std::size_t{index} * size_.buffer_bytes;
    }

    UringSize size_;
    UringFeatures features_;
    io_uring ring_{};
    bool opened_ = false;
    io_uring_buf_ring* buffer_ring_ = nullptr;
    std::unique_ptr<std::uint8_t[]> buffers_;
    std::unique_ptr<std::uint8_t[]> send_memory_;
    std::vector<std::uint16_t> free_send_buffers_;
    std::vector<io_uring_cqe> batch_;
};

}  // namespace izar
