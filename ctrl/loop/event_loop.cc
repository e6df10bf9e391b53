#include "ctrl/loop/event_loop.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>

#include "dataplane/base/check.h"
#include "dataplane/base/release_memory.h"

namespace izar {

// One descriptor and the requests about it that are with the kernel. A slot is used again only when none is.
struct EventLoop::Slot {
    std::uint32_t index = 0;
    std::uint32_t generation = 0;  // of its uses; 0 is never one
    FileDescriptor fd;
    StreamEvents* events = nullptr;  // null: nobody wants to know any more
    Accept accept;
    std::function<void()> poll_call;
    std::uint32_t in_flight = 0;            // requests whose last completion has not come
    Operation to_cancel = Operation::none;  // with the kernel, and no shutdown() wakes it
    bool taken = false;
    bool ended = false;
    std::span<const std::uint8_t> sending;  // with the kernel: what is in one of the next two
    std::optional<SendBuffer> send_buffer;
    std::vector<std::uint8_t> own_sending;
    std::size_t sent = 0;                // of `sending`
    std::vector<std::uint8_t> gathered;  // to be sent next
    std::vector<std::uint8_t> own_buffer;
    sockaddr_storage peer{};
    socklen_t peer_length = sizeof(sockaddr_storage);

    StreamId id() const noexcept { return StreamId{std::uint64_t{generation} << 32 | index}; }
};

namespace {

constexpr std::uint64_t kIgnored = 0;  // completions of cancels
constexpr std::size_t kOwnBufferBytes = 16'384;
constexpr Nanos kAcceptPause = std::chrono::milliseconds{100};  // when descriptors have run out
constexpr std::size_t kKeptBytes = 4'096;                       // of a buffer that is empty: idle streams are many
constexpr int kIndexShift = 8;
constexpr int kGenerationShift = 40;

std::string text_of(int problem) {
    return problem == 0 ? "the peer closed the connection" : std::generic_category().message(problem);
}

}  // namespace

Result<std::unique_ptr<EventLoop>> EventLoop::make(Clock clock, const UringSize& size, UringFeatures wanted) {
    auto ring = Uring::make(size, wanted);
    if (!ring) {
        return tl::unexpected(ring.error());
    }
    return std::unique_ptr<EventLoop>(new EventLoop(std::move(clock), std::move(*ring)));
}

EventLoop::EventLoop(Clock clock, std::unique_ptr<Uring> ring) : clock_(std::move(clock)), ring_(std::move(ring)) {}

EventLoop::~EventLoop() {
    // The ring goes first: after it no request touches a slot's buffers.
    ring_.reset();
}

EventLoop::Slot& EventLoop::take_slot() {
    if (free_slots_.empty()) {
        slots_.push_back(std::make_unique<Slot>());
        slots_.back()->index = static_cast<std::uint32_t>(slots_.size() - 1);
        free_slots_.push_back(slots_.back()->index);
    }
    const std::uint32_t index = free_slots_.back();
    free_slots_.pop_back();
    const std::uint32_t generation = slots_[index]->generation + 1;
    *slots_[index] = Slot{};
    slots_[index]->index = index;
    slots_[index]->generation = generation;
    slots_[index]->taken = true;
    return *slots_[index];
}

EventLoop::Slot* EventLoop::slot_of(StreamId stream) const noexcept {
    const auto index = static_cast<std::uint32_t>(raw(stream));
    const auto generation = static_cast<std::uint32_t>(raw(stream) >> 32);
    if (index >= slots_.size() || generation == 0 || slots_[index]->generation != generation || slots_[index]->ended) {
        return nullptr;
    }
    return slots_[index].get();
}

io_uring_sqe& EventLoop::request(Slot& slot, Operation operation) {
    ++slot.in_flight;
    return ring_->request(static_cast<std::uint64_t>(slot.generation) << kGenerationShift |
                          static_cast<std::uint64_t>(slot.index) << kIndexShift | raw(operation));
}

StreamId EventLoop::accept(FileDescriptor listener, Accept accept) {
    Slot& slot = take_slot();
    slot.fd = std::move(listener);
    slot.accept = std::move(accept);
    arm_accept(slot);
    return slot.id();
}

void EventLoop::arm_accept(Slot& slot) {
    io_uring_sqe& entry = request(slot, Operation::accept);
    if (features().multishot_accept) {
        io_uring_prep_multishot_accept(&entry, slot.fd.get(), nullptr, nullptr, SOCK_CLOEXEC);
    } else {
        io_uring_prep_accept(&entry, slot.fd.get(), nullptr, nullptr, SOCK_CLOEXEC);
    }
}

void EventLoop::on_accept(Slot& slot, const io_uring_cqe& completion) {
    FileDescriptor fd{completion.res};
    if (slot.ended) {
        return;
    }
    if (fd) {
        sockaddr_storage peer{};
        socklen_t length = sizeof peer;
        getpeername(fd.get(), reinterpret_cast<sockaddr*>(&peer), &length);
        const int on = 1;
        setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // a Unix socket refuses, which is well
        if (open_streams_ < kMaxStreams) {
            const StreamId stream = open_stream(std::move(fd), nullptr);
            StreamEvents* const events = slot.accept(stream, SocketAddress::of(peer));
            Slot* const opened = slot_of(stream);
            if (events == nullptr) {
                close(stream);
            } else if (opened != nullptr) {
                opened->events = events;
                arm_receive(*opened);
            }
        }
    }
    if ((completion.flags & IORING_CQE_F_MORE) != 0) {
        return;
    }
    if (completion.res == -EINVAL && features().multishot_accept) {
        ring_->drop_multishot_accept();
    } else if (completion.res == -EMFILE || completion.res == -ENFILE || completion.res == -ENOMEM) {
        call_after(kAcceptPause, [this, listener = slot.id()] {
            if (Slot* const again = slot_of(listener)) {
                arm_accept(*again);
            }
        });
        return;
    }
    arm_accept(slot);
}

StreamId EventLoop::open_stream(FileDescriptor fd, StreamEvents* events) {
    Slot& slot = take_slot();
    slot.fd = std::move(fd);
    slot.events = events;
    ++open_streams_;
    return slot.id();
}

Result<StreamId> EventLoop::connect(const SocketAddress& to, StreamEvents& events) {
    auto fd = open_tcp(to.ip.family());
    if (!fd) {
        return tl::unexpected(fd.error());
    }
    const StreamId stream = open_stream(std::move(*fd), &events);
    Slot& slot = *slot_of(stream);
    slot.to_cancel = Operation::connect;
    slot.peer_length = to.fill(slot.peer);
    io_uring_sqe& entry = request(slot, Operation::connect);
    io_uring_prep_connect(&entry, slot.fd.get(), reinterpret_cast<const sockaddr*>(&slot.peer), slot.peer_length);
    return stream;
}

void EventLoop::arm_receive(Slot& slot) {
    io_uring_sqe& entry = request(slot, Operation::receive);
    if (features().buffer_ring) {
        io_uring_prep_recv_multishot(&entry, slot.fd.get(), nullptr, 0, 0);
        entry.flags |= IOSQE_BUFFER_SELECT;
        entry.buf_group = Uring::kBufferGroup;
    } else {
        slot.own_buffer.resize(kOwnBufferBytes);
        io_uring_prep_recv(&entry, slot.fd.get(), slot.own_buffer.data(), slot.own_buffer.size(), 0);
    }
}

void EventLoop::on_receive(Slot& slot, const io_uring_cqe& completion) {
    const bool provided = (completion.flags & IORING_CQE_F_BUFFER) != 0;
    if (completion.res > 0 && slot.events != nullptr) {
        const auto bytes =
            provided ? ring_->received(completion)
                     : std::span<const std::uint8_t>(slot.own_buffer.data(), static_cast<std::size_t>(completion.res));
        slot.events->on_received(bytes);
    }
    if (provided) {
        ring_->give_back(completion);
    }
    const bool more = (completion.flags & IORING_CQE_F_MORE) != 0;
    if (slot.ended || (more && completion.res > 0)) {
        return;
    }
    if (completion.res == -EINVAL && features().buffer_ring) {
        ring_->drop_buffer_ring();  // this kernel has buffer rings, but no multishot receive
        arm_receive(slot);
    } else if (completion.res > 0 || completion.res == -ENOBUFS || completion.res == -EINTR) {
        arm_receive(slot);
    } else {
        end(slot, -completion.res);
    }
}

void EventLoop::send(StreamId stream, std::span<const std::uint8_t> bytes) {
    Slot* const slot = slot_of(stream);
    if (slot == nullptr || bytes.empty()) {
        return;
    }
    slot->gathered.insert(slot->gathered.end(), bytes.begin(), bytes.end());
    if (slot->sending.empty() && slot->to_cancel == Operation::none) {
        send_gathered(*slot);
    }
}

namespace {

void empty(std::vector<std::uint8_t>& buffer) {
    buffer.clear();
    if (buffer.capacity() > kKeptBytes) {
        release_memory(buffer);
    }
}

}  // namespace

void EventLoop::send_gathered(Slot& slot) {
    slot.send_buffer = ring_->take_send_buffer(slot.gathered.size());
    if (slot.send_buffer) {
        std::ranges::copy(slot.gathered, slot.send_buffer->bytes.begin());
        slot.sending = slot.send_buffer->bytes;
    } else {
        std::swap(slot.own_sending, slot.gathered);
        slot.sending = slot.own_sending;
    }
    empty(slot.gathered);
    slot.sent = 0;
    send_rest(slot);
}

void EventLoop::send_rest(Slot& slot) {
    const auto rest = slot.sending.subspan(slot.sent);
    io_uring_sqe& entry = request(slot, Operation::send);
    if (slot.send_buffer) {
        io_uring_prep_write_fixed(&entry, slot.fd.get(), rest.data(), static_cast<unsigned>(rest.size()), 0,
                                  slot.send_buffer->index);
    } else {
        io_uring_prep_send(&entry, slot.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    }
}

void EventLoop::end_sending(Slot& slot) {
    if (const auto buffer = std::exchange(slot.send_buffer, std::nullopt)) {
        ring_->give_back(*buffer);
    }
    slot.sending = {};
    slot.sent = 0;
    empty(slot.own_sending);
}

void EventLoop::on_send(Slot& slot, int result) {
    const bool failed = result < 0 && result != -EINTR && result != -EAGAIN;
    if (slot.ended || failed) {
        end_sending(slot);
        end(slot, -result);
        return;
    }
    slot.sent += static_cast<std::size_t>(std::max(result, 0));
    if (slot.sent < slot.sending.size()) {
        send_rest(slot);
        return;
    }
    end_sending(slot);
    if (!slot.gathered.empty()) {
        send_gathered(slot);
    } else if (slot.events != nullptr) {
        slot.events->on_sent();
    }
}

std::size_t EventLoop::unsent(StreamId stream) const noexcept {
    const Slot* const slot = slot_of(stream);
    return slot == nullptr ? 0 : slot->sending.size() - slot->sent + slot->gathered.size();
}

void EventLoop::watch(FileDescriptor fd, std::function<void()> call) {
    Slot& slot = take_slot();
    slot.fd = std::move(fd);
    slot.poll_call = std::move(call);
    arm_poll(slot);
}

void EventLoop::arm_poll(Slot& slot) {
    io_uring_sqe& entry = request(slot, Operation::poll);
    io_uring_prep_poll_add(&entry, slot.fd.get(), POLLIN);
}

StreamId EventLoop::await_writable(int fd, std::function<void()> call) {
    Slot& slot = take_slot();
    slot.poll_call = std::move(call);
    slot.to_cancel = Operation::poll_once;
    io_uring_prep_poll_add(&request(slot, Operation::poll_once), fd, POLLOUT);
    return slot.id();
}

void EventLoop::close(StreamId stream) {
    Slot* const slot = slot_of(stream);
    if (slot == nullptr) {
        return;
    }
    slot->events = nullptr;
    end(*slot, 0);
}

// Wakes whatever the kernel still has of the stream; its descriptor is closed when the last request is back.
void EventLoop::end(Slot& slot, int problem) {
    if (slot.ended) {
        return;
    }
    slot.ended = true;
    open_streams_ -= slot.accept == nullptr && slot.poll_call == nullptr ? 1 : 0;
    if (slot.fd) {
        shutdown(slot.fd.get(), SHUT_RDWR);
    }
    if (slot.to_cancel != Operation::none) {
        io_uring_sqe& entry = ring_->request(kIgnored);
        io_uring_prep_cancel64(&entry,
                               static_cast<std::uint64_t>(slot.generation) << kGenerationShift |
                                   static_cast<std::uint64_t>(slot.index) << kIndexShift | raw(slot.to_cancel),
                               0);
    }
    if (StreamEvents* const events = std::exchange(slot.events, nullptr); events != nullptr) {
        events->on_closed(text_of(problem));
    }
    release_if_idle(slot);
}

void EventLoop::release_if_idle(Slot& slot) {
    if (slot.ended && slot.in_flight == 0 && slot.taken) {
        slot.taken = false;
        slot.fd.reset();
        slot.poll_call = nullptr;
        release_memory(slot.own_sending);
        release_memory(slot.gathered);
        release_memory(slot.own_buffer);
        free_slots_.push_back(slot.index);
    }
}

void EventLoop::handle(const io_uring_cqe& completion) {
    const auto operation = static_cast<Operation>(completion.user_data & 0xFF);
    if (operation == Operation::none) {
        return;
    }
    const auto index = static_cast<std::uint32_t>(completion.user_data >> kIndexShift);
    CHECK(index < slots_.size());
    Slot& slot = *slots_[index];
    switch (operation) {
        case Operation::accept:
            on_accept(slot, completion);
            break;
        case Operation::connect:
            slot.to_cancel = Operation::none;
            if (completion.res < 0) {
                end(slot, -completion.res);
            } else if (!slot.ended) {
                arm_receive(slot);
                if (!slot.gathered.empty()) {
                    send_gathered(slot);
                }
                slot.events->on_connected();
            }
            break;
        case Operation::receive:
            on_receive(slot, completion);
            break;
        case Operation::send:
            on_send(slot, completion.res);
            break;
        case Operation::poll:
            slot.poll_call();
            arm_poll(slot);
            break;
        case Operation::poll_once:
            slot.to_cancel = Operation::none;
            if (!std::exchange(slot.ended, true)) {
                slot.poll_call();
            }
            break;
        case Operation::none:
            break;
    }
    // Only now: a callback above may have closed the stream, and the slot must not be used again under our feet.
    if ((completion.flags & IORING_CQE_F_MORE) == 0) {
        --slot.in_flight;
    }
    release_if_idle(slot);
}

bool EventLoop::run_once(Nanos longest) {
    Nanos wait = longest;
    if (const auto next = timers_.next()) {
        wait = std::clamp(*next - now(), Nanos{0}, longest);
    }
    bool happened = false;
    ring_->wait(wait, [&](const io_uring_cqe& completion) {
        happened = true;
        handle(completion);
    });
    timers_.run(now());
    return happened;
}

}  // namespace izar
