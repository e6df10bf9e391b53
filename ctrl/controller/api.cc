#include "ctrl/controller/api.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "ctrl/controller/resolve.h"
#include "ctrl/store/checks.h"
#include "dataplane/base/check.h"

namespace izar {
namespace {

using Json = nlohmann::json;

struct Route {
    const char* method;
    std::array<const char*, 4> path;  // "{key}" takes a value; nullptr: no part
    const char* request;              // nullptr: the body says which
    const char* fixed = nullptr;      // JSON that is part of the request
};

constexpr Route kRoutes[] = {
    {"GET", {"v1", "tokens"}, "tokens"},
    {"POST", {"v1", "tokens"}, "token create"},
    {"DELETE", {"v1", "tokens", "{id}"}, "token withdraw"},
    {"GET", {"v1", "nodes"}, "nodes"},
    {"GET", {"v1", "nodes", "system"}, "system"},
    {"POST", {"v1", "nodes", "{node}", "revoke"}, "node revoke"},
    {"POST", {"v1", "nodes", "{node}", "drain"}, "node drain", R"({"drained":true})"},
    {"POST", {"v1", "nodes", "{node}", "undrain"}, "node drain", R"({"drained":false})"},
    {"GET", {"v1", "services"}, "services"},
    {"POST", {"v1", "services"}, "service add"},
    {"PUT", {"v1", "services", "{name}"}, "service put"},
    {"PATCH", {"v1", "services", "{name}"}, "service set"},
    {"DELETE", {"v1", "services", "{name}"}, "service remove"},
    {"GET", {"v1", "domains"}, "domains"},
    {"PUT", {"v1", "domains", "{domain}"}, "domain set"},
    {"DELETE", {"v1", "domains", "{domain}"}, "domain remove"},
    {"GET", {"v1", "status"}, "status"},
    {"GET", {"v1", "links"}, "links"},
    {"POST", {"v1", "links", "rekey"}, "link rekey"},
    {"GET", {"v1", "links", "probes"}, "probes"},
    {"GET", {"v1", "links", "metrics"}, "metrics"},
    {"GET", {"v1", "groups"}, "groups"},
    {"GET", {"v1", "history"}, "history"},
    {"GET", {"v1", "controllers"}, "controllers"},
    {"GET", {"v1", "config"}, "config"},
    {"GET", {"v1", "events"}, "events"},
    {"POST", {"v1", "requests"}, nullptr},
};

// The values of the path's places, if it is of this route.
std::optional<Json> match(const Route& route, const std::vector<std::string>& path) {
    Json values = Json::object();
    std::size_t i = 0;
    for (; i < route.path.size() && route.path[i] != nullptr; ++i) {
        const std::string_view wanted = route.path[i];
        if (i >= path.size()) {
            return std::nullopt;
        }
        if (wanted.starts_with('{')) {
            values[std::string(wanted.substr(1, wanted.size() - 2))] = path[i];
        } else if (path[i] != wanted) {
            return std::nullopt;
        }
    }
    return i == path.size() ? std::optional(std::move(values)) : std::nullopt;
}

HttpAnswer json_answer(unsigned status, const Json& body) {
    return {.status = status, .body = body.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

HttpAnswer problem(unsigned status, const std::string& why) {
    return json_answer(status, {{"error", why}});
}

// RFC 9110 section 15.
unsigned status_of(OperatorFault fault) {
    switch (fault) {
        case OperatorFault::wrong:
            break;
        case OperatorFault::missing:
            return 404;
        case OperatorFault::conflict:
            return 409;
        case OperatorFault::later:
            return 503;
    }
    return 400;
}

// A number of the query becomes one of the request.
Json query_value(const std::string& key, const std::string& text) {
    std::uint64_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_number = code == std::errc{} && end == text.data() + text.size();
    return is_number && (key == "last_hours" || key == "points" || key == "after") ? Json(number) : Json(text);
}

// The body's keys, then the query's, then the path's, which count most.
std::optional<Json> operator_request(const Route& route, const Json& values, const HttpRequest& request) {
    Json out = request.body.empty() ? Json::object() : Json::parse(request.body, nullptr, false);
    if (!out.is_object()) {
        return std::nullopt;
    }
    for (const auto& [key, text] : request.query) {
        out[key] = query_value(key, text);
    }
    if (route.fixed != nullptr) {
        out.update(Json::parse(route.fixed));
    }
    out.update(values);
    if (route.request != nullptr) {
        out["do"] = route.request;
    }
    return out;
}

// A service of any port has HTTP's own, too.
std::string url_of(const Service& service, const IpAddress& address) {
    const std::string host = address.family() == Family::ipv6 ? fmt::format("[{}]", address.text()) : address.text();
    if (service.first_port == 443) {
        return fmt::format("https://{}/", host);
    }
    return service.first_port == 0 ? fmt::format("http://{}/", host)
                                   : fmt::format("http://{}:{}/", host, service.first_port);
}

}  // namespace

Api::Api(Controller& controller, Answer operators, const std::string& token)
    : controller_(controller), operators_(std::move(operators)), expected_("Bearer " + token) {
    CHECK(!token.empty());
}

bool Api::is_operator(const HttpRequest& request) const {
    return request.authorization.size() == expected_.size() &&
           CRYPTO_memcmp(request.authorization.data(), expected_.data(), expected_.size()) == 0;
}

HttpAnswer Api::answer(const HttpRequest& request) {
    if (request.path.size() == 2 && request.path[0] == "resolve") {
        return request.method == "GET" ? answer_resolve(request) : problem(405, "only GET is known here");
    }
    if (!is_operator(request)) {
        return problem(401, "show the controller's token: Authorization: Bearer TOKEN");
    }
    HttpAnswer out = answer_operator(request);
    out.authorised = true;
    return out;
}

HttpAnswer Api::answer_operator(const HttpRequest& request) {
    bool known_path = false;
    for (const Route& route : kRoutes) {
        const auto values = match(route, request.path);
        known_path = known_path || values.has_value();
        if (!values || request.method != route.method) {
            continue;
        }
        const auto asked = operator_request(route, *values, request);
        if (!asked) {
            return problem(400, "the body must be a JSON object");
        }
        const auto done = operators_(asked->dump(-1, ' ', false, Json::error_handler_t::replace));
        return done ? HttpAnswer{.status = 200, .body = *done}
                    : problem(status_of(done.error().fault), done.error().text);
    }
    return known_path ? problem(405, "this path knows another method; docs/api.yaml lists them")
                      : problem(404, "there is no such path; docs/api.yaml lists them");
}

HttpAnswer Api::answer_resolve(const HttpRequest& request) {
    const auto value = [&](const char* key) {
        const auto found = request.query.find(key);
        return found == request.query.end() ? std::string() : found->second;
    };
    // As the store spells it: DNS tells no letters by their case, and full names end with a dot (RFC 1035
    // section 2.3.3).
    const std::string& asked = request.path[1];
    ResolveQuery query{.domain = checked_domain(asked).value_or(asked), .region = value("region")};
    if (const std::string client = value("client"); !client.empty()) {
        const auto address = IpAddress::parse(client);
        if (!address) {
            return problem(400, address.error().text);
        }
        query.client = *address;
    }
    const auto resolved = resolve(controller_.desired(), controller_.shares(), query);
    if (!resolved) {
        return problem(404, resolved.error().text);
    }
    const Service& service = resolved->service;
    Json ingresses = Json::array();
    for (const Ingress& ingress : resolved->ingresses) {
        ingresses.push_back({{"node", ingress.name},
                             {"region", ingress.region},
                             {"address", ingress.address.text()},
                             {"own_vip", ingress.own_vip},
                             {"weight", ingress.weight}});
    }
    HttpAnswer out = json_answer(200, {{"domain", query.domain},
                                       {"service", service.name},
                                       {"vip", service.vip.text()},
                                       {"first_port", service.first_port},
                                       {"last_port", service.last_port},
                                       {"ingresses", ingresses}});
    if (value("redirect") == "1") {
        out.status = 302;
        out.location = url_of(service, resolved->ingresses.front().address);
    }
    return out;
}

}  // namespace izar
