#include "ctrl/http/api_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>

#include "ctrl/tls/certificates.h"

namespace izar {
namespace {

constexpr std::size_t kLongestAnswer = std::size_t{64} << 20;

constexpr std::string_view kUnanswered =
    "; if this was to change something, it may or may not have happened: look whether it did, or ask again";

struct Cleanup {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

std::size_t take(char* bytes, std::size_t size, std::size_t count, void* user) {
    auto& text = *static_cast<std::string*>(user);
    if (text.size() + size * count > kLongestAnswer) {
        return 0;
    }
    text.append(bytes, size * count);
    return size * count;
}

std::string refusal(const std::string& body) {
    const auto json = nlohmann::json::parse(body, nullptr, false);
    return json.is_object() && json.contains("error") && json["error"].is_string() ? json["error"].get<std::string>()
                                                                                   : body.substr(0, 200);
}

}  // namespace

Result<std::string> ask_api(const ApiAddress& api, const std::string& request, Nanos patience) {
    const std::unique_ptr<CURL, Cleanup> handle(curl_easy_init());
    CURL* const curl = handle.get();
    const std::unique_ptr<curl_slist, Cleanup> headers(
        curl_slist_append(nullptr, fmt::format("Authorization: Bearer {}", api.token).c_str()));
    // Every controller's certificate has the same name, whatever its address.
    const std::unique_ptr<curl_slist, Cleanup> route(
        curl_slist_append(nullptr, fmt::format("{}:443:{}", kControllerHost, api.host).c_str()));
    std::string body;
    char problem[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(curl, CURLOPT_URL, fmt::format("https://{}/v1/requests", kControllerHost).c_str());
    curl_easy_setopt(curl, CURLOPT_CONNECT_TO, route.get());
    curl_easy_setopt(curl, CURLOPT_CAINFO, api.authority.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.c_str());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.size()));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                     static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(patience).count()));
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");  // the token is for nobody else's eyes
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, problem);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    const CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) {
        const char* const why = problem[0] != 0 ? problem : curl_easy_strerror(code);
        long sent = 0;  // bytes of requests
        curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent);
        return fail(fmt::format("{}: {}{}", api.host, why, sent > 0 ? kUnanswered : ""));
    }
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) {
        return fail(refusal(body));
    }
    return body;
}

}  // namespace izar
