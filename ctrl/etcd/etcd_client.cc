#include "ctrl/etcd/etcd_client.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/evp.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "dataplane/base/check.h"

namespace izar {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestAnswer = std::size_t{8} << 20;

std::string base64(std::string_view bytes) {
    std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(length));
    return out;
}

std::string from_base64(std::string_view text) {
    std::string out(text.size() / 4 * 3 + 3, '\0');
    const int length =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    // The decoder counts padding as zero bytes.
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    out.resize(length < 0 ? 0 : static_cast<std::size_t>(length) - padding);
    return out;
}

// The first key after all that begin with `prefix`.
std::string end_of(std::string prefix) {
    while (!prefix.empty() && prefix.back() == '\xFF') {
        prefix.pop_back();
    }
    if (!prefix.empty()) {
        ++prefix.back();
    }
    return prefix;
}

// A member that may be absent, which means 0, and may be a number or its text.
std::int64_t number_at(const Json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    if (!object.is_object() || found == object.end()) {
        return 0;
    }
    if (found->is_number_integer()) {
        return found->get<std::int64_t>();
    }
    std::int64_t out = 0;
    if (found->is_string()) {
        const auto& text = found->get_ref<const std::string&>();
        std::from_chars(text.data(), text.data() + text.size(), out);
    }
    return out;
}

std::string text_at(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

const Json& member(const Json& object, const char* key) {
    static const Json nothing = Json::object();
    const auto found = object.is_object() ? object.find(key) : object.end();
    return object.is_object() && found != object.end() ? *found : nothing;
}

// Of an array; an empty object if there is none.
const Json& first(const Json& array) {
    static const Json nothing = Json::object();
    return array.is_array() && !array.empty() ? array.front() : nothing;
}

std::string lease_text(LeaseId lease) {
    return std::to_string(static_cast<std::int64_t>(lease));
}

// What arrives of an answer; a watch ends it as soon as it has an event.
struct Incoming {
    std::string body;
    bool until_event = false;
    bool seen_event = false;
};

// A watch answers with one JSON object a line: the first says that it began, the others carry events.
bool has_event(std::string_view body) {
    for (std::size_t at = 0; at < body.size();) {
        const std::size_t end = body.find('\n', at);
        if (end == std::string_view::npos) {
            return false;
        }
        const Json line = Json::parse(body.substr(at, end - at), nullptr, false);
        const Json& result = line.is_object() ? member(line, "result") : member(Json::object(), "");
        if (!member(result, "events").empty()) {
            return true;
        }
        at = end + 1;
    }
    return false;
}

std::size_t take(char* bytes, std::size_t size, std::size_t count, void* user) {
    auto& incoming = *static_cast<Incoming*>(user);
    if (incoming.body.size() + size * count > kLongestAnswer) {
        return 0;
    }
    incoming.body.append(bytes, size * count);
    if (incoming.until_event && has_event(incoming.body)) {
        incoming.seen_event = true;
        return 0;  // ends the transfer
    }
    return size * count;
}

struct Cleanup {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

}  // namespace

struct EtcdClient::Connection {
    static constexpr long kDone = 200;
    static constexpr long kUnauthenticated = 401;

    struct Asked {
        CURLcode code = CURLE_OK;
        long status = 0;
        std::string body;
        Json answer;
        bool good() const { return code == CURLE_OK && status == kDone && answer.is_object(); }
    };

    std::vector<std::string> endpoints;
    Nanos timeout;
    EtcdAccess access;
    std::unique_ptr<CURL, Cleanup> handle;
    std::size_t good = 0;  // index of the endpoint that answered last
    std::string token;     // that etcd gave the user; empty: none yet

    // The outcome of one request to one endpoint.
    CURLcode post(const std::string& url, const std::string& body, Nanos most, Incoming& incoming, long& status) {
        CURL* curl = handle.get();
        curl_easy_reset(curl);
        std::unique_ptr<curl_slist, Cleanup> headers(curl_slist_append(nullptr, "Content-Type: application/json"));
        if (!token.empty()) {
            headers.reset(curl_slist_append(headers.release(), ("Authorization: " + token).c_str()));
        }
        const std::pair<CURLoption, const std::string&> files[] = {{CURLOPT_CAINFO, access.ca_file},
                                                                   {CURLOPT_SSLCERT, access.certificate_file},
                                                                   {CURLOPT_SSLKEY, access.key_file}};
        for (const auto& [option, path] : files) {
            if (!path.empty()) {
                curl_easy_setopt(curl, option, path.c_str());
            }
        }
        if (!access.ca_file.empty()) {
            curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);  // that one, and none of the system's
        }
        const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(most).count();
        curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(milliseconds));
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_PROXY, "");  // leadership does not go through somebody's proxy
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &incoming);
        const CURLcode code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        return code;
    }

    Asked ask(const std::string& endpoint, std::string_view path, const Json& request) {
        Incoming incoming;
        Asked out;
        out.code = post(endpoint + std::string(path), request.dump(), timeout, incoming, out.status);
        out.answer = Json::parse(incoming.body, nullptr, false);
        out.body = std::move(incoming.body);
        return out;
    }

    // With a token, which is asked for first and whenever the last one is over.
    Asked ask_as_user(const std::string& endpoint, std::string_view path, const Json& request) {
        if (!token.empty()) {
            Asked asked = ask(endpoint, path, request);
            if (asked.status != kUnauthenticated) {
                return asked;
            }
            token.clear();
        }
        Asked given = ask(endpoint, "/v3/auth/authenticate", {{"name", access.user}, {"password", access.password}});
        if (!given.good()) {
            return given;
        }
        token = text_at(given.answer, "token");
        return ask(endpoint, path, request);
    }

    Result<Json> call(std::string_view path, const Json& request) {
        std::string last;
        for (std::size_t i = 0; i < endpoints.size(); ++i) {
            const std::size_t index = (good + i) % endpoints.size();
            Asked asked = access.user.empty() ? ask(endpoints[index], path, request)
                                              : ask_as_user(endpoints[index], path, request);
            if (asked.good()) {
                good = index;
                return std::move(asked.answer);
            }
            last = fmt::format("{}: {}", endpoints[index],
                               asked.code != CURLE_OK
                                   ? curl_easy_strerror(asked.code)
                                   : fmt::format("status {}, {}", asked.status, asked.body.substr(0, 200)));
        }
        return fail(fmt::format("etcd does not answer at any endpoint ({}); look after its members", last));
    }
};

EtcdClient::EtcdClient(std::vector<std::string> endpoints, Nanos timeout, EtcdAccess access)
    : connection_(std::make_unique<Connection>(Connection{std::move(endpoints), timeout, std::move(access), nullptr})) {
    connection_->handle.reset(curl_easy_init());
    CHECK(connection_->handle != nullptr && !connection_->endpoints.empty());
}

EtcdClient::~EtcdClient() = default;

Result<LeaseId> EtcdClient::grant(std::chrono::seconds ttl) {
    const auto answer = connection_->call("/v3/lease/grant", {{"TTL", std::to_string(ttl.count())}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    const std::int64_t id = number_at(*answer, "ID");
    if (id == 0) {
        return fail("etcd granted no lease: " + answer->dump().substr(0, 200));
    }
    return LeaseId{id};
}

Result<std::optional<std::chrono::seconds>> EtcdClient::keep_alive(LeaseId lease) {
    const auto answer = connection_->call("/v3/lease/keepalive", {{"ID", lease_text(lease)}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    // A lease that is over answers without TTL.
    const std::int64_t left = number_at(member(*answer, "result"), "TTL");
    return left > 0 ? std::optional(std::chrono::seconds{left}) : std::nullopt;
}

Result<void> EtcdClient::revoke(LeaseId lease) {
    const auto answer = connection_->call("/v3/lease/revoke", {{"ID", lease_text(lease)}});
    return answer ? Result<void>{} : tl::unexpected(answer.error());
}

Result<void> EtcdClient::put(std::string_view key, std::string_view value, LeaseId lease) {
    const auto answer =
        connection_->call("/v3/kv/put", {{"key", base64(key)}, {"value", base64(value)}, {"lease", lease_text(lease)}});
    return answer ? Result<void>{} : tl::unexpected(answer.error());
}

Result<std::optional<Fence>> EtcdClient::create(std::string_view key, std::string_view value, LeaseId lease) {
    const Json put = {{"key", base64(key)}, {"value", base64(value)}, {"lease", lease_text(lease)}};
    const Json absent = {{"key", base64(key)}, {"target", "CREATE"}, {"result", "EQUAL"}, {"create_revision", "0"}};
    const auto answer =
        connection_->call("/v3/kv/txn", {{"compare", Json::array({absent})},
                                         {"success", Json::array({{{"request_put", put}}})},
                                         {"failure", Json::array({{{"request_range", {{"key", base64(key)}}}}})}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    std::int64_t revision = 0;
    if (const auto succeeded = answer->find("succeeded"); succeeded != answer->end() && *succeeded == true) {
        revision = number_at(member(*answer, "header"), "revision");
    } else {
        const Json& range = member(first(member(*answer, "responses")), "response_range");
        const Json& found = first(member(range, "kvs"));
        if (number_at(found, "lease") != static_cast<std::int64_t>(lease)) {
            return std::optional<Fence>{};
        }
        // Made by us, and the answer was lost on its way from another endpoint.
        revision = number_at(found, "create_revision");
    }
    if (revision <= 0) {
        return fail("etcd gave no revision: " + answer->dump().substr(0, 200));
    }
    return std::optional(Fence{static_cast<std::uint64_t>(revision)});
}

Result<EtcdListing> EtcdClient::list(std::string_view prefix) {
    const auto answer = connection_->call(
        "/v3/kv/range", {{"key", base64(prefix)}, {"range_end", base64(end_of(std::string(prefix)))}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    EtcdListing out{.revision = static_cast<std::uint64_t>(number_at(member(*answer, "header"), "revision"))};
    for (const Json& entry : member(*answer, "kvs")) {
        out.entries.push_back({.key = from_base64(text_at(entry, "key")),
                               .value = from_base64(text_at(entry, "value")),
                               .created = static_cast<std::uint64_t>(number_at(entry, "create_revision"))});
    }
    return out;
}

Result<bool> EtcdClient::wait_for_change(std::string_view key, std::uint64_t revision, Nanos most) {
    const Json request = {{"create_request", {{"key", base64(key)}, {"start_revision", std::to_string(revision + 1)}}}};
    Incoming incoming{.until_event = true};
    long status = 0;
    const std::string url = connection_->endpoints[connection_->good] + "/v3/watch";
    const CURLcode code = connection_->post(url, request.dump(), most, incoming, status);
    if (incoming.seen_event) {
        return true;
    }
    if (code == CURLE_OPERATION_TIMEDOUT && !incoming.body.empty()) {
        return false;
    }
    return fail(fmt::format("{}: the watch ended ({}); another look will tell", url, curl_easy_strerror(code)));
}

}  // namespace izar
