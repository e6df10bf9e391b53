#include "ctrl/etcd/testing/etcd_users.h"

#include <curl/curl.h>

#include <nlohmann/json.hpp>

namespace izar {
namespace {

std::size_t append(char* bytes, std::size_t size, std::size_t count, void* user) {
    static_cast<std::string*>(user)->append(bytes, size * count);
    return size * count;
}

// Null: etcd refused.
nlohmann::json post(const std::string& url, const nlohmann::json& body, const std::string& token = "") {
    const std::string text = body.dump();
    std::string answer;
    long status = 0;
    CURL* const curl = curl_easy_init();
    curl_slist* const headers = curl_slist_append(nullptr, ("Authorization: " + token).c_str());
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return status == 200 ? nlohmann::json::parse(answer, nullptr, false) : nlohmann::json();
}

}  // namespace

bool ask_for_users(const std::string& endpoint, const std::string& user, const std::string& password) {
    return !post(endpoint + "/v3/auth/user/add", {{"name", user}, {"password", password}}).is_null() &&
           !post(endpoint + "/v3/auth/role/add", {{"name", "root"}}).is_null() &&
           !post(endpoint + "/v3/auth/user/grant", {{"user", user}, {"role", "root"}}).is_null() &&
           !post(endpoint + "/v3/auth/enable", nlohmann::json::object()).is_null();
}

// etcd forgets them when the password is set, though it be the same.
bool forget_tokens(const std::string& endpoint, const std::string& user, const std::string& password) {
    const auto given = post(endpoint + "/v3/auth/authenticate", {{"name", user}, {"password", password}});
    return !given.is_null() && !post(endpoint + "/v3/auth/user/changepw", {{"name", user}, {"password", password}},
                                     given.value("token", ""))
                                    .is_null();
}

}  // namespace izar
