#include "ctrl/http/http_message.h"

#include <fmt/format.h>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <charconv>

namespace izar {
namespace {

namespace http = boost::beast::http;

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        unsigned value = 0;
        const std::string_view digits = text.substr(i + 1, 2);
        const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        if (digits.size() != 2 || problem != std::errc{} || end != digits.data() + 2 || value < 0x20) {
            return std::nullopt;
        }
        out += static_cast<char>(value);
        i += 2;
    }
    return out;
}

// Calls `take` with each part between separators.
template <typename Take>
bool split(std::string_view text, char separator, Take take) {
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find(separator));
        text.remove_prefix(std::min(part.size() + 1, text.size()));
        if (!part.empty() && !take(part)) {
            return false;
        }
    }
    return true;
}

bool read_target(std::string_view target, HttpRequest& out) {
    const std::string_view path = target.substr(0, target.find('?'));
    const bool good = path.starts_with('/') && split(path, '/', [&](std::string_view part) {
                          const auto decoded = percent_decoded(part);
                          out.path.push_back(decoded.value_or(""));
                          return decoded.has_value();
                      });
    const std::string_view query = path.size() < target.size() ? target.substr(path.size() + 1) : std::string_view{};
    return good && split(query, '&', [&](std::string_view part) {
               const std::string_view key = part.substr(0, part.find('='));
               const auto name = percent_decoded(key);
               const auto value = percent_decoded(part.substr(std::min(key.size() + 1, part.size())));
               if (name && value) {
                   out.query.emplace(*name, *value);
               }
               return name.has_value() && value.has_value();
           });
}

HttpAnswer refused(unsigned status, std::string_view why) {
    return {.status = status, .body = fmt::format("{{\"error\":\"{}\"}}", why)};
}

HttpAnswer refused(const boost::beast::error_code& problem) {
    if (problem == http::error::body_limit) {
        return refused(413, "the body is too long");
    }
    if (problem == http::error::header_limit) {
        return refused(431, "the header is too long");
    }
    return refused(400, "this is no HTTP/1.1 request");
}

}  // namespace

std::string http_text(const HttpAnswer& answer, bool keep_alive) {
    const auto reason = http::obsolete_reason(static_cast<http::status>(answer.status));
    std::string out = fmt::format("HTTP/1.1 {} {}\r\n", answer.status, std::string_view(reason.data(), reason.size()));
    if (!answer.location.empty()) {
        out += fmt::format("Location: {}\r\n", answer.location);
    }
    if (answer.status == 401) {
        out += "WWW-Authenticate: Bearer\r\n";
    }
    return out +
           fmt::format("Content-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: {}\r\n\r\n{}",
                       answer.content_type, answer.body.size(), keep_alive ? "keep-alive" : "close", answer.body);
}

struct HttpReader::Parser : http::request_parser<http::string_body> {};

HttpReader::HttpReader() = default;
HttpReader::~HttpReader() = default;

void HttpReader::add(std::span<const std::uint8_t> bytes) {
    if (!dead_) {
        bytes_.append(bytes.begin(), bytes.end());
    }
}

tl::expected<std::optional<HttpRequest>, HttpAnswer> HttpReader::next() {
    const auto refuse = [this](HttpAnswer answer) {
        dead_ = true;
        bytes_.clear();
        return tl::unexpected(std::move(answer));
    };
    if (dead_ || bytes_.empty()) {
        return std::nullopt;
    }
    if (parser_ == nullptr) {
        parser_ = std::make_unique<Parser>();
        parser_->header_limit(kMostHeaderBytes);
        parser_->body_limit(kMostBodyBytes);
        parser_->eager(true);
    }
    boost::beast::error_code problem;
    const std::size_t used = parser_->put(boost::asio::buffer(bytes_), problem);
    bytes_.erase(0, used);
    // A header that is not whole is looked at again with what follows, and must not be gathered without end.
    if (problem == http::error::need_more || (!problem && !parser_->is_done())) {
        if (bytes_.size() > kMostHeaderBytes) {
            return refuse(refused(431, "the header is too long"));
        }
        return std::nullopt;
    }
    if (problem) {
        return refuse(refused(problem));
    }
    const auto& message = parser_->get();
    HttpRequest out;
    const auto text = [](boost::beast::string_view view) { return std::string(view.data(), view.size()); };
    out.method = text(message.method_string());
    out.authorization = text(message[http::field::authorization]);
    out.keep_alive = message.keep_alive();
    out.body = message.body();
    if (!read_target(text(message.target()), out)) {
        return refuse(refused(400, "the path or the query is not encoded as RFC 3986 says"));
    }
    parser_.reset();
    return out;
}

}  // namespace izar
