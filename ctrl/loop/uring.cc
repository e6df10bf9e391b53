#include "ctrl/loop/uring.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "dataplane/base/check.h"

namespace izar {
namespace {

// A request that waits is work that the kernel, and the peer, could be doing: of a message to 1,000 peers the first
// would go out when the last one's is encrypted.
constexpr unsigned kMostWaiting = 32;
constexpr Nanos kProbePatience = std::chrono::seconds{1};

std::size_t ring_bytes(std::uint32_t buffers) {
    return buffers * sizeof(io_uring_buf);
}

}  // namespace

Result<std::unique_ptr<Uring>> Uring::make(const UringSize& size, UringFeatures wanted) {
    std::unique_ptr<Uring> out(new Uring(size));
    out->features_ = wanted;
    if (!wanted.deferred || !out->open(true)) {
        out->features_.deferred = false;
        if (!out->open(false)) {
            return fail(
                fmt::format("the kernel gives no io_uring: {}; Linux 5.11 or later is needed, and "
                            "kernel.io_uring_disabled must be 0",
                            std::generic_category().message(errno)));
        }
    }
    if (wanted.buffer_ring && !out->provide_buffers()) {
        out->features_.buffer_ring = false;
    }
    if (wanted.registered_send && !out->register_send_buffers()) {
        out->features_.registered_send = false;
    }
    return out;
}

bool Uring::open(bool deferred) noexcept {
    io_uring_params parameters{};
    parameters.flags = IORING_SETUP_CQSIZE;
    parameters.cq_entries = size_.entries * 4;
    if (deferred) {
        parameters.flags |= IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    }
    const int result = io_uring_queue_init_params(size_.entries, &ring_, &parameters);
    // Waiting with a timeout (5.11) and completions that are never dropped (5.5) are what we cannot do without.
    constexpr std::uint32_t kNeeded = IORING_FEAT_EXT_ARG | IORING_FEAT_NODROP;
    opened_ = result == 0;
    if (opened_ && (ring_.features & kNeeded) != kNeeded) {
        io_uring_queue_exit(&ring_);
        opened_ = false;
        errno = ENOSYS;
    } else if (!opened_) {
        errno = -result;
    }
    return opened_;
}

bool Uring::provide_buffers() noexcept {
    void* const memory =
        mmap(nullptr, ring_bytes(size_.buffers), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return false;
    }
    io_uring_buf_reg where{};
    where.ring_addr = reinterpret_cast<std::uint64_t>(memory);
    where.ring_entries = size_.buffers;
    where.bgid = kBufferGroup;
    if (io_uring_register_buf_ring(&ring_, &where, 0) != 0) {
        munmap(memory, ring_bytes(size_.buffers));
        return false;
    }
    buffer_ring_ = static_cast<io_uring_buf_ring*>(memory);
    io_uring_buf_ring_init(buffer_ring_);
    buffers_ = std::make_unique<std::uint8_t[]>(std::size_t{size_.buffers} * size_.buffer_bytes);
    const int mask = io_uring_buf_ring_mask(size_.buffers);
    for (std::uint32_t i = 0; i < size_.buffers; ++i) {
        io_uring_buf_ring_add(buffer_ring_, buffer(i), size_.buffer_bytes, static_cast<std::uint16_t>(i), mask,
                              static_cast<int>(i));
    }
    io_uring_buf_ring_advance(buffer_ring_, static_cast<int>(size_.buffers));
    return true;
}

// Refused where RLIMIT_MEMLOCK is less than they take.
bool Uring::register_send_buffers() {
    send_memory_ = std::make_unique<std::uint8_t[]>(std::size_t{size_.send_buffers} * size_.send_bytes);
    std::vector<iovec> buffers;
    for (std::uint32_t i = 0; i < size_.send_buffers; ++i) {
        buffers.push_back({send_memory_.get() + std::size_t{i} * size_.send_bytes, size_.send_bytes});
        free_send_buffers_.push_back(static_cast<std::uint16_t>(i));
    }
    // A write to a stream that its peer has reset raises SIGPIPE, which a send is asked not to. What it tells us, the
    // completion does.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    if (pthread_sigmask(SIG_BLOCK, &pipe, nullptr) != 0 ||
        io_uring_register_buffers(&ring_, buffers.data(), size_.send_buffers) != 0) {
        free_send_buffers_.clear();
        return false;
    }
    return writes_registered();
}

// Whether this kernel writes a registered buffer to a socket: one byte of the first, by trying.
bool Uring::writes_registered() noexcept {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return false;
    }
    io_uring_sqe& entry = request(0);
    io_uring_prep_write_fixed(&entry, ends[0], send_memory_.get(), 1, 0, 0);
    int written = 0;
    wait(kProbePatience, [&](const io_uring_cqe& completion) { written = completion.res; });
    for (const int end : ends) {
        close(end);
    }
    return written == 1;
}

std::optional<SendBuffer> Uring::take_send_buffer(std::size_t bytes) noexcept {
    if (!features_.registered_send || bytes > size_.send_bytes || free_send_buffers_.empty()) {
        return std::nullopt;
    }
    const std::uint16_t index = free_send_buffers_.back();
    free_send_buffers_.pop_back();
    return SendBuffer{index, {send_memory_.get() + std::size_t{index} * size_.send_bytes, bytes}};
}

Uring::~Uring() {
    if (opened_) {
        io_uring_queue_exit(&ring_);
    }
    if (buffer_ring_ != nullptr) {
        munmap(buffer_ring_, ring_bytes(size_.buffers));
    }
}

io_uring_sqe& Uring::request(std::uint64_t user_data) {
    if (io_uring_sq_ready(&ring_) >= std::min(kMostWaiting, size_.entries)) {
        io_uring_submit(&ring_);
    }
    io_uring_sqe* const entry = io_uring_get_sqe(&ring_);
    CHECK(entry != nullptr);
    // The prep functions of liburing leave user_data alone and clear the rest.
    io_uring_sqe_set_data64(entry, user_data);
    return *entry;
}

void Uring::submit_and_wait(Nanos longest) noexcept {
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(std::max(longest, Nanos{0}));
    __kernel_timespec timeout{whole.count(), (std::max(longest, Nanos{0}) - whole).count()};
    io_uring_cqe* first = nullptr;
    io_uring_submit_and_wait_timeout(&ring_, &first, 1, &timeout, nullptr);
}

std::span<const std::uint8_t> Uring::received(const io_uring_cqe& completion) const noexcept {
    const std::uint32_t index = completion.flags >> IORING_CQE_BUFFER_SHIFT;
    CHECK(index < size_.buffers);
    return {buffer(index), static_cast<std::size_t>(std::max(completion.res, 0))};
}

void Uring::give_back(const io_uring_cqe& completion) noexcept {
    const std::uint32_t index = completion.flags >> IORING_CQE_BUFFER_SHIFT;
    CHECK(index < size_.buffers);
    io_uring_buf_ring_add(buffer_ring_, buffer(index), size_.buffer_bytes, static_cast<std::uint16_t>(index),
                          io_uring_buf_ring_mask(size_.buffers), 0);
    io_uring_buf_ring_advance(buffer_ring_, 1);
}

}  // namespace izar
