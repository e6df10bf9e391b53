#include "ctrl/channel/channel.h"

#include <algorithm>

#include "dataplane/base/check.h"

namespace izar {

Channel::Channel(EventLoop& loop, const TlsContext& context, WallSeconds now, ChannelEvents& events)
    : loop_(loop), events_(&events), session_(context, now), timer_(loop), heard_at_(loop.now()) {
    timer_.start(kHandshakeTime, [this] { check_silence(); });
}

Channel::~Channel() {
    close();
}

void Channel::attach(StreamId stream) {
    CHECK(stream_ == kNoStream);
    stream_ = stream;
}

Result<void> Channel::connect(const SocketAddress& to) {
    CHECK(stream_ == kNoStream);
    client_ = true;
    auto stream = loop_.connect(to, *this);
    if (!stream) {
        return tl::unexpected(stream.error());
    }
    stream_ = *stream;
    return {};
}

void Channel::on_connected() {
    if (auto begun = session_.begin(); !begun) {
        end(begun.error().text);
        return;
    }
    flush();
}

void Channel::on_received(std::span<const std::uint8_t> bytes) {
    counts_->received_bytes += bytes.size();
    std::vector<std::uint8_t> plaintext;
    const bool was_open = open_;
    const auto received = session_.receive(bytes, plaintext);
    flush();
    open_ = session_.established() && received.has_value();
    if (!plaintext.empty() || open_ != was_open) {
        heard_at_ = loop_.now();
    }
    if (open_ && !was_open && events_ != nullptr) {
        events_->on_open();
    }
    reader_.add(plaintext);
    read_frames();
    if (!received) {
        end(received.error().text);
    }
    if (events_ != nullptr) {
        pump();
    }
}

void Channel::read_frames() {
    while (events_ != nullptr) {
        const auto payload = reader_.next();
        if (!payload) {
            end(payload.error().text);
            return;
        }
        if (!*payload) {
            return;
        }
        ++counts_->received_frames;
        if (!events_->on_message(**payload)) {
            end("a message was refused");
        }
    }
}

void Channel::send(std::vector<std::uint8_t> frame) {
    if (events_ == nullptr) {
        return;
    }
    if (!outbox_.add(std::move(frame))) {
        // Not from inside the caller's call: it may be going through all channels.
        timer_.start(Nanos{0}, [this] { end("the peer reads too slowly"); });
        return;
    }
    pump();
}

void Channel::send_newest(Newest key, std::vector<std::uint8_t> frame) {
    if (events_ != nullptr) {
        outbox_.replace(key, std::move(frame));
        pump();
    }
}

// Encrypts only what can go soon: what is encrypted can neither be replaced nor be overtaken.
void Channel::pump() {
    while (open_ && loop_.unsent(stream_) < kInFlight) {
        const auto frame = outbox_.take();
        if (!frame) {
            return;
        }
        if (!session_.send(*frame)) {
            return;  // the next receive tells why
        }
        ++counts_->sent_frames;
        flush();
    }
}

void Channel::flush() {
    if (const auto bytes = session_.take_output(); !bytes.empty()) {
        counts_->sent_bytes += bytes.size();
        loop_.send(stream_, bytes);
    }
}

void Channel::check_silence() {
    const Instant now = loop_.now();
    if (!open_) {
        end("the handshake took too long");
    } else if (now - heard_at_ >= kMostSilence) {
        end("the peer fell silent");
    } else {
        timer_.start(heard_at_ + kMostSilence - now, [this] { check_silence(); });
    }
}

void Channel::end(const std::string& why) {
    ChannelEvents* const events = std::exchange(events_, nullptr);
    close();
    if (events != nullptr) {
        events->on_end(why);
    }
}

void Channel::close() {
    events_ = nullptr;
    open_ = false;
    timer_.cancel();
    loop_.close(stream_);
}

}  // namespace izar
