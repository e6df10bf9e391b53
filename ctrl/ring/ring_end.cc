#include "ctrl/ring/ring_end.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <new>
#include <system_error>

#include "dataplane/base/check.h"

namespace izar {
namespace {

using ring::Kind;

// A lock on one byte of the file: the kernel takes it away when its process ends, however it ends. Locks of an open
// file description (fcntl(2), F_OFD_SETLK), so that two ends in one process, as in tests, count as two.
bool lock_byte(int fd, off_t byte, bool wait) {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = byte;
    lock.l_len = 1;
    return fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock) == 0;
}

void unlock_byte(int fd, off_t byte) {
    struct flock lock {};
    lock.l_type = F_UNLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = byte;
    lock.l_len = 1;
    fcntl(fd, F_OFD_SETLK, &lock);
}

constexpr std::ptrdiff_t kDownOffset = 4096;
constexpr off_t kMakingByte = 0;  // held while the file is made
constexpr off_t kSideByte = 1;    // plus the side: held for life

Error failure(const std::string& path, const char* what) {
    return {fmt::format("{}: {}: {}", path, what, std::generic_category().message(errno))};
}

}  // namespace

std::string shared_path(const std::string& folder) {
    return fmt::format("{}/agent-ring.{}", folder, ring::kLayoutVersion);
}

Result<std::unique_ptr<RingEnd>> RingEnd::open(const std::string& path, RingSide side, std::uint64_t boot) {
    CHECK(boot != 0);
    std::unique_ptr<RingEnd> out(new RingEnd(side, boot));
    if (auto done = out->map(path); !done) {
        return tl::unexpected(done.error());
    }
    ring::Mark& own = out->own();
    own.minor_version.store(ring::kMinorVersion, std::memory_order_relaxed);
    own.heartbeat.fetch_add(1, std::memory_order_relaxed);
    own.boot.store(boot, std::memory_order_release);
    return out;
}

Result<void> RingEnd::map(const std::string& path) {
    std::error_code ignored;  // what is in the way, open() says
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
    lock_ = FileDescriptor{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!lock_) {
        return tl::unexpected(failure(path, "cannot be opened"));
    }
    if (!lock_byte(lock_.get(), kSideByte + static_cast<off_t>(side_), false)) {
        return fail(fmt::format("{}: another {} of this node is running; end it first", path,
                                side_ == RingSide::agent ? "izar-agent" : "izar-edge"));
    }
    if (!lock_byte(lock_.get(), kMakingByte, true)) {
        return tl::unexpected(failure(path, "cannot be locked"));
    }
    struct stat status {};
    fstat(lock_.get(), &status);
    if (status.st_size == 0 && ftruncate(lock_.get(), ring::kSharedBytes) != 0) {
        return tl::unexpected(failure(path, "cannot be given its size"));
    }
    const auto other_layout = [&] {
        return fail(fmt::format("{} is of another layout; end izar-agent and izar-edge, remove it, start them", path));
    };
    if (status.st_size != 0 && static_cast<std::size_t>(status.st_size) != ring::kSharedBytes) {
        return other_layout();
    }
    void* const memory = mmap(nullptr, ring::kSharedBytes, PROT_READ | PROT_WRITE, MAP_SHARED, lock_.get(), 0);
    if (memory == MAP_FAILED) {
        return tl::unexpected(failure(path, "cannot be mapped"));
    }
    shared_ = static_cast<ring::Shared*>(memory);
    CHECK(reinterpret_cast<std::byte*>(&shared_->down) - static_cast<std::byte*>(memory) == kDownOffset);
    if (shared_->head.magic.load(std::memory_order_acquire) != ring::kMagic) {
        shared_ = new (memory) ring::Shared{};
        shared_->head.layout_version = ring::kLayoutVersion;
        shared_->head.size = ring::kSharedBytes;
        shared_->head.magic.store(ring::kMagic, std::memory_order_release);
    }
    auto bell = open_bell(path + ".bell");
    unlock_byte(lock_.get(), kMakingByte);
    if (!bell) {
        return bell;
    }
    if (shared_->head.layout_version != ring::kLayoutVersion || shared_->head.size != ring::kSharedBytes) {
        return other_layout();
    }
    return {};
}

// Open for reading and writing at both sides, so that writing to it never ends a program whose other side is gone.
Result<void> RingEnd::open_bell(const std::string& path) {
    if (mkfifo(path.c_str(), 0600) != 0 && errno != EEXIST) {
        return tl::unexpected(failure(path, "cannot be made"));
    }
    bell_ = FileDescriptor{::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW)};
    struct stat status {};
    if (!bell_ || fstat(bell_.get(), &status) != 0) {
        return tl::unexpected(failure(path, "cannot be opened"));
    }
    if (!S_ISFIFO(status.st_mode)) {
        return fail(fmt::format("{} is no FIFO; remove it, and start again", path));
    }
    return {};
}

RingEnd::~RingEnd() {
    if (shared_ != nullptr) {
        munmap(shared_, ring::kSharedBytes);
    }
}

bool RingEnd::poll(Instant now) {
    if (now - beaten_at_ >= kHeartbeatInterval) {
        own().heartbeat.fetch_add(1, std::memory_order_relaxed);
        beaten_at_ = now;
    }
    look_at_mark(now);
    if (peer_boot_ != 0 && !hello_sent_) {
        hello_sent_ = send(Kind::hello, ring::Hello{boot_, peer_boot_});
    }
    while (!hello_taken_ && in().read_available() > 0) {
        ring::Message message;
        in().pop(message);
        take_hello(message);
    }
    const bool was = std::exchange(synchronised_, hello_sent_ && hello_taken_);
    if (synchronised_ && !was) {
        peer_beat_at_ = now;  // it has answered this life of ours
    }
    return synchronised_ && !was;
}

// What the first look finds may be the mark of a side that died long ago; only what changes after it shows life.
void RingEnd::look_at_mark(Instant now) {
    const std::uint64_t boot = peer().boot.load(std::memory_order_acquire);
    const std::uint64_t beat = peer().heartbeat.load(std::memory_order_relaxed);
    if (std::exchange(looked_, true) && (boot != peer_boot_ || beat != peer_beat_)) {
        peer_beat_at_ = now;
    }
    if (boot != peer_boot_) {
        peer_boot_ = boot;
        hello_sent_ = hello_taken_ = synchronised_ = false;
    }
    peer_beat_ = beat;
}

// A hello to this life counts also before its sender's mark is seen: marks and rings are not read in one instant. One
// of a life that ended meanwhile is undone by the next look at the mark; until then ours is not sent, so nothing is
// taken.
void RingEnd::take_hello(const ring::Message& message) {
    if (message.kind != Kind::hello) {
        return;
    }
    const auto hello = ring::body_of<ring::Hello>(message);
    if (hello.to != boot_) {
        return;
    }
    if (hello.from != peer_boot_) {
        peer_boot_ = hello.from;
        hello_sent_ = false;
    }
    hello_taken_ = true;
}

bool RingEnd::send(const ring::Message& message) {
    const bool sent = (hello_sent_ || message.kind == Kind::hello) && out().push(message);
    if (sent) {
        wake_peer();
    }
    return sent;
}

// Either the other side finds the message when it looks once more before it sleeps, or we find that it sleeps.
void RingEnd::wake_peer() noexcept {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (peer().asleep.load(std::memory_order_relaxed) != 0 && peer().asleep.exchange(0) != 0) {
        constexpr char kRing = 1;
        // A FIFO that is full rings already.
        [[maybe_unused]] const ssize_t written = write(bell_.get(), &kRing, sizeof kRing);
    }
}

bool RingEnd::sleep() {
    if (peer_minor_version() < ring::kBellMinorVersion) {
        return false;
    }
    own().asleep.store(1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return in().read_available() == 0;
}

FileDescriptor RingEnd::bell() const {
    return FileDescriptor{fcntl(bell_.get(), F_DUPFD_CLOEXEC, 0)};
}

void hush_bell(int bell) noexcept {
    char rings[64];
    while (read(bell, rings, sizeof rings) > 0) {
    }
}

std::size_t RingEnd::room() const {
    return hello_sent_ ? out().write_available() : 0;
}

std::optional<ring::Message> RingEnd::receive() {
    ring::Message message;
    if (!synchronised_ || !in().pop(message)) {
        return std::nullopt;
    }
    if (message.kind == Kind::hello) {  // the other side's next life was faster than our look at its mark
        hello_taken_ = synchronised_ = false;
        take_hello(message);
        return std::nullopt;
    }
    return message;
}

}  // namespace izar
