#include "ctrl/agent/join.h"

#include <control.pb.h>
#include <fmt/format.h>

#include <optional>

#include "ctrl/channel/channel.h"
#include "ctrl/frames/messages.h"

namespace izar {
namespace {

struct Conversation : ChannelEvents {
    void on_open() override {}
    bool on_message(std::span<const std::uint8_t> payload) override {
        const auto message = read_message<control::ToAgent>(payload);
        if (!message || (!message->has_joined() && !message->has_refused())) {
            return false;
        }
        answer = *message;
        return true;
    }
    void on_end(const std::string& why) override { ended = why; }

    std::optional<control::ToAgent> answer;
    std::optional<std::string> ended;
};

control::ToController request(const JoinWish& wish, const CertificateRequest& made) {
    control::ToController out;
    control::Join& join = *out.mutable_join();
    join.set_token(wish.token.token);
    join.set_certificate_request(made.request);
    join.set_name(wish.name);
    join.set_address(address_bytes(wish.address));
    return out;
}

}  // namespace

Result<Identity> join(EventLoop& loop, const JoinWish& wish, WallSeconds now) {
    const auto made = wish.made.key.empty() ? make_request() : Result<CertificateRequest>(wish.made);
    auto context = TlsContext::for_joining(wish.token.authority);
    if (!made || !context) {
        return tl::unexpected(made ? context.error() : made.error());
    }
    Conversation conversation;
    Channel channel(loop, *context, now, conversation);
    if (auto begun = channel.connect(wish.controller); !begun) {
        return tl::unexpected(begun.error());
    }
    channel.send(message_frame(request(wish, *made)));
    const Instant deadline = loop.now() + kJoinTime;
    while (!conversation.answer && !conversation.ended && loop.now() < deadline) {
        loop.run_once(std::chrono::milliseconds{100});
    }
    if (!conversation.answer) {
        return fail(fmt::format("controller {} gave no answer: {}", wish.controller.text(),
                                conversation.ended.value_or("it is silent")));
    }
    if (conversation.answer->has_refused()) {
        return fail(fmt::format("the controller refused: {}", conversation.answer->refused().why()));
    }
    const control::Joined& joined = conversation.answer->joined();
    Identity out;
    out.id = NodeId{static_cast<std::uint16_t>(joined.node_id())};
    out.name = joined.name();
    out.region = joined.region();
    out.credentials = {joined.certificate(), made->key};
    out.authority = joined.authority();
    const auto certified = certificate_identity(out.credentials.certificate);
    if (!certified || certified->node != out.id || !check_name(out.name) || !check_name(out.region)) {
        return fail("the controller's answer does not fit together; is it of the same version?");
    }
    return out;
}

}  // namespace izar
