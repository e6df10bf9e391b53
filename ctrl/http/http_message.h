// http_message.h -- HttpReader: requests of HTTP/1.1 out of a stream of bytes, and the text of answers.
//
// Boost.Beast parses (RFC 9112); here is what is taken of it, and the limits.
//
// Thread:  one.
// Errors:  a request that is refused leaves the reader dead: the answer tells the status, then the connection ends.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"

namespace izar {

inline constexpr std::size_t kMostHeaderBytes = 16'384;
inline constexpr std::size_t kMostBodyBytes = 65'536;

struct HttpRequest {
    std::string method;                        // as it was written: "GET"
    std::vector<std::string> path;             // its parts, decoded: "/v1/nodes" is {"v1", "nodes"}
    std::map<std::string, std::string> query;  // decoded; of keys that occur twice the first counts
    std::string authorization;                 // the header's value
    std::string body;
    bool keep_alive = true;
};

struct HttpAnswer {
    unsigned status = 200;
    std::string body;      // JSON; may be empty
    std::string location;  // of a redirect
    std::string content_type = "application/json";
    bool authorised = false;  // its client showed that it may ask this, and is not a stranger; not told to it
};

// The text that goes to the client.
std::string http_text(const HttpAnswer& answer, bool keep_alive);

class HttpReader {
  public:
    HttpReader();
    ~HttpReader();
    HttpReader(const HttpReader&) = delete;

    void add(std::span<const std::uint8_t> bytes);
    // The next whole request; nothing if more bytes are needed. An answer to send if it is refused.
    tl::expected<std::optional<HttpRequest>, HttpAnswer> next();
    // A request has begun and is not whole.
    bool inside_request() const noexcept { return parser_ != nullptr; }
    // Bytes kept for later.
    std::size_t waiting() const noexcept { return bytes_.size(); }

  private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
    std::string bytes_;
    bool dead_ = false;
};

}  // namespace izar
