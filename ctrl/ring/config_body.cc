#include "ctrl/ring/config_body.h"

#include <algorithm>
#include <string_view>

#include "ctrl/ring/message.h"

namespace izar {
namespace {

using ring::body_of;
using ring::Kind;
using ring::message_of;

constexpr std::string_view kCut = "...";

// A key a line.
std::string keys_text(const std::vector<std::string>& keys) {
    std::string out;
    for (const std::string& key : keys) {
        if (out.size() + key.size() + kCut.size() + 2 > ring::kMostConfigText) {
            return out + std::string(kCut) + "\n";
        }
        out += key + "\n";
    }
    return out;
}

std::string cut(const std::string& text) {
    return text.size() <= ring::kMostConfigText
               ? text
               : text.substr(0, ring::kMostConfigText - kCut.size()) + std::string(kCut);
}

std::vector<std::string> keys_of(std::string_view lines) {
    std::vector<std::string> out;
    for (std::size_t end = lines.find('\n'); end != std::string_view::npos; end = lines.find('\n')) {
        out.emplace_back(lines.substr(0, end));
        lines.remove_prefix(end + 1);
    }
    return out;
}

}  // namespace

std::vector<ring::Message> config_messages(const ConfigState& state) {
    const std::string keys = keys_text(state.needs_restart);
    const std::string problem = cut(state.problem);
    ring::ConfigHead head{};
    head.generation = state.generation;
    head.read_again_s = state.read_again ? state.read_again->time_since_epoch().count() : 0;
    head.keys_bytes = static_cast<std::uint16_t>(keys.size());
    head.problem_bytes = static_cast<std::uint16_t>(problem.size());
    std::vector<ring::Message> out{message_of(Kind::config_head, head)};
    const std::string text = keys + problem;
    for (std::size_t at = 0; at < text.size();) {
        ring::ConfigText part{};
        const std::size_t bytes = std::min(sizeof part.text, text.size() - at);
        part.bytes = static_cast<std::uint16_t>(bytes);
        text.copy(part.text, bytes, at);
        out.push_back(message_of(Kind::config_text, part));
        at += bytes;
    }
    return out;
}

std::optional<ConfigState> ConfigAssembly::take(const ring::Message& message) {
    if (message.kind == Kind::config_head) {
        head_ = body_of<ring::ConfigHead>(message);
        text_.clear();
    } else if (message.kind == Kind::config_text && head_.generation != 0) {
        const auto part = body_of<ring::ConfigText>(message);
        text_.append(part.text, std::min<std::size_t>(part.bytes, sizeof part.text));
    } else {
        return std::nullopt;
    }
    const std::size_t wanted = std::size_t{head_.keys_bytes} + head_.problem_bytes;
    const bool sound = head_.keys_bytes <= ring::kMostConfigText && head_.problem_bytes <= ring::kMostConfigText &&
                       text_.size() <= wanted;
    if (head_.generation == 0 || (sound && text_.size() < wanted)) {
        return std::nullopt;
    }
    std::optional<ConfigState> out;
    if (sound) {
        out = ConfigState{.generation = head_.generation, .problem = text_.substr(head_.keys_bytes)};
        out->needs_restart = keys_of(std::string_view(text_).substr(0, head_.keys_bytes));
        if (head_.read_again_s != 0) {
            out->read_again = std::chrono::sys_seconds{std::chrono::seconds{head_.read_again_s}};
        }
    }
    head_ = {};
    return out;
}

}  // namespace izar
