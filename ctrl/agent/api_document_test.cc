// docs/api.yaml against the API of a real controller with real agents: every answer has the keys, types and status that
// it declares, and every request takes exactly the keys that it declares.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "ctrl/agent/testing/agent_fleet.h"
#include "ctrl/controller/api.h"
#include "ctrl/operator/operator_rows.h"

namespace izar {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

// As JSON, so that it is read like what it describes.
Json json_of(const YAML::Node& node) {
    if (node.IsMap()) {
        Json out = Json::object();
        for (const auto& entry : node) {
            out[entry.first.as<std::string>()] = json_of(entry.second);
        }
        return out;
    }
    if (node.IsSequence()) {
        Json out = Json::array();
        for (const auto& item : node) {
            out.push_back(json_of(item));
        }
        return out;
    }
    const auto text = node.IsNull() ? std::string() : node.as<std::string>();
    const Json plain = Json::parse(text, nullptr, false);
    return node.Tag() == "!" || plain.is_discarded() ? Json(text) : plain;  // "!": it was quoted
}

class ApiDocument {
  public:
    ApiDocument() : document_(json_of(YAML::LoadFile(IZAR_SOURCE_ROOT "/docs/api.yaml"))) {}

    // The operation, with the path's own parameters among its.
    Json operation(const std::string& path, const std::string& method) const {
        const Json& at = document_["paths"].at(path);
        Json out = at.at(method);
        for (const Json& parameter : at.value("parameters", Json::array())) {
            out["parameters"].push_back(parameter);
        }
        return out;
    }
    std::size_t operations() const {
        std::size_t out = 0;
        for (const auto& [path, at] : document_["paths"].items()) {
            out += at.size() - at.count("parameters");
        }
        return out;
    }
    Json resolved(const Json& schema) const {
        const auto reference = schema.find("$ref");
        return reference == schema.end() ? schema
                                         : document_.at(Json::json_pointer(reference->get<std::string>().substr(1)));
    }
    // What of the value is not as the schema says, a line each.
    std::string problems(const Json& reference, const Json& value, const std::string& at) const {
        const Json schema = resolved(reference);
        if (value.is_null()) {
            return schema.value("nullable", false) ? "" : at + " is null\n";
        }
        const std::string type = schema.at("type");
        const bool fits = type == "integer"  ? value.is_number_integer()
                          : type == "number" ? value.is_number()
                                             : value.type_name() == type;
        if (!fits) {
            return at + " is no " + type + "\n";
        }
        if (const auto words = schema.find("enum"); words != schema.end()) {
            return std::find(words->begin(), words->end(), value) == words->end() ? at + " is another word\n" : "";
        }
        std::string out;
        if (type == "array") {
            for (const Json& item : value) {
                out += problems(schema.at("items"), item, at + "[]");
            }
        }
        return type == "object" ? problems_of_keys(schema, value, at) : out;
    }

  private:
    std::string problems_of_keys(const Json& schema, const Json& value, const std::string& at) const {
        std::string out;
        for (const Json& key : schema.value("required", Json::array())) {
            out += value.contains(key.get<std::string>()) ? "" : at + " lacks " + key.get<std::string>() + "\n";
        }
        const Json properties = schema.value("properties", Json::object());
        for (const auto& [key, each] : value.items()) {
            const bool known = properties.contains(key);
            if (known || schema.contains("additionalProperties")) {
                out += problems(known ? properties[key] : schema["additionalProperties"], each, at + "." + key);
            } else if (schema.contains("properties")) {
                out += at + " has the undeclared key " + key + "\n";
            }
        }
        return out;
    }

    Json document_;
};

class ApiDocumentTest : public AgentFleetTest {
  protected:
    void SetUp() override {
        AgentFleetTest::SetUp();
        api = std::make_unique<Api>(
            *controller, [this](std::string_view line) { return answer(line); }, "secret");
    }
    // The two that a controller answers whether it leads or not.
    Answered<std::string> answer(std::string_view line) {
        const Json asked = Json::parse(line);
        if (asked.value("do", "") == "config") {
            return config_answer({}, "").dump();
        }
        if (asked.value("do", "") == "controllers") {
            return Json{{"controllers", {{{"name", nullptr}, {"address", "a:1"}, {"leads", true}}}}}.dump();
        }
        return commands->answer(line);
    }
    // Asks `path` with the values of its places put in, and holds the answer against the document.
    Json call(const std::string& method, const std::string& path, const std::map<std::string, std::string>& places = {},
              const Json& body = nullptr, const std::map<std::string, std::string>& query = {}, unsigned status = 200,
              const std::string& token = "secret") {
        HttpRequest request{.method = method, .path = {}, .query = query};
        std::istringstream parts(path.substr(1));
        for (std::string part; std::getline(parts, part, '/');) {
            request.path.push_back(part.front() == '{' ? places.at(part.substr(1, part.size() - 2)) : part);
        }
        request.authorization = "Bearer " + token;
        request.body = body.is_null() ? "" : body.dump();
        const HttpAnswer told = api->answer(request);
        std::string lower = method;
        std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return static_cast<char>(c + 32); });
        seen.insert(lower + " " + path);
        const Json operation = document.operation(path, lower);
        EXPECT_EQ(told.status, status) << method << " " << path << ": " << told.body;
        const Json responses = operation.at("responses");
        EXPECT_TRUE(responses.contains(std::to_string(told.status))) << method << " " << path << ": " << told.status;
        const Json response = document.resolved(responses.value(std::to_string(told.status), Json::object()));
        const Json out = Json::parse(told.body);
        if (response.contains("content")) {
            const Json schema = response["content"]["application/json"]["schema"];
            EXPECT_EQ(document.problems(schema, out, path), "") << out;
        }
        return out;
    }
    // Keys that the operation declares: of its body, with an example each, and of its query.
    std::pair<Json, std::map<std::string, std::string>> declared(const std::string& method, const std::string& path) {
        const Json operation = document.operation(path, method);
        Json body = Json::object();
        std::map<std::string, std::string> query;
        if (operation.contains("requestBody")) {
            const Json reference = operation["requestBody"]["content"]["application/json"]["schema"];
            const Json schema = document.resolved(reference);
            for (const auto& [key, each] : schema.at("properties").items()) {
                body[key] = example(each);
            }
        }
        for (const Json& parameter : operation.value("parameters", Json::array())) {
            if (parameter.at("in") == "query") {
                query[parameter.at("name")] = parameter["name"] == "metric" ? "rtt_ms" : "1";
            }
        }
        return {body, query};
    }
    Json example(const Json& reference) {
        const Json schema = document.resolved(reference);
        if (schema.contains("example")) {
            return schema["example"];
        }
        if (schema.at("type") == "array") {
            return Json::array({example(schema.at("items"))});
        }
        Json out = Json::object();
        for (const auto& [key, each] : schema.at("properties").items()) {
            out[key] = example(each);
        }
        return out;
    }
    // The keys that a request takes are those declared, and no others: it says so itself of one that it does not know.
    void takes_what_is_declared(const std::string& method, const std::string& path,
                                const std::map<std::string, std::string>& places, const std::set<std::string>& fixed) {
        std::string lower = method;
        std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return static_cast<char>(c + 32); });
        auto [body, query] = declared(lower, path);
        std::set<std::string> keys = fixed;
        for (const auto& [key, value] : body.items()) {
            keys.insert(key);
        }
        for (const auto& [key, value] : query) {
            keys.insert(key);
        }
        for (const auto& [key, value] : places) {
            keys.insert(key);
        }
        std::string known;
        for (const std::string& key : keys) {
            known += (known.empty() ? "" : ", ") + key;
        }
        body["zzz"] = 1;
        EXPECT_EQ(call(method, path, places, body, query, 400)["error"], "unknown key 'zzz'; known are " + known);
    }

    const ApiDocument document;
    std::unique_ptr<Api> api;
    std::set<std::string> seen;  // operations
};

TEST_F(ApiDocumentTest, AnswersAreAsItSays) {
    TestNode& ams = add_node("ams");
    TestNode& fra = add_node("fra");
    ASSERT_TRUE(run_until([&] { return knows(ams, 2) && knows(fra, 2); })) << log;
    ams.measure(fra.identity.id, true, milliseconds{4});
    fra.measure(ams.identity.id, false, {});
    const Json web{
        {"vip", "10.99.0.80"}, {"first_port", 80}, {"last_port", 80}, {"origins", {{{"address", "10.2.0.10"}}}}};
    Json named = web;
    named["name"] = "web";
    call("POST", "/v1/services", {}, named);
    call("POST", "/v1/services", {}, named, {}, 409);
    call("PUT", "/v1/services/{name}", {{"name", "web"}}, web);
    call("PATCH", "/v1/services/{name}", {{"name", "web"}}, {{"duplicate", true}});
    const Json at_ams{{"node", "ams"}, {"address", "10.1.0.80"}};
    call("PATCH", "/v1/services/{name}", {{"name", "web"}}, {{"vips_at", {at_ams}}});
    call("PUT", "/v1/domains/{domain}", {{"domain", "example.com"}}, {{"origin", "10.2.0.11"}, {"service", "web"}});
    const std::string id = call("POST", "/v1/tokens", {}, {{"region", "eu"}})["id"];
    call("DELETE", "/v1/tokens/{id}", {{"id", id}});
    call("POST", "/v1/nodes/{node}/drain", {{"node", "fra"}});
    call("POST", "/v1/nodes/{node}/undrain", {{"node", "fra"}});
    ASSERT_TRUE(run_until([&] { return controller->mesh().rows().size() == 2; })) << log;
    pass(seconds{30});  // rounds of history, probes and shares
    clock.skip_wall(std::chrono::hours{1});
    EXPECT_EQ(call("GET", "/v1/tokens")["tokens"].size(), 3U);
    EXPECT_EQ(call("GET", "/v1/nodes")["nodes"].size(), 2U);
    EXPECT_EQ(call("GET", "/v1/services")["services"].size(), 1U);
    EXPECT_EQ(call("GET", "/v1/domains")["domains"].size(), 1U);
    EXPECT_EQ(call("GET", "/v1/links")["links"].size(), 2U);
    EXPECT_EQ(call("POST", "/v1/links/rekey")["link_generation"], 1);
    EXPECT_EQ(call("GET", "/v1/groups")["groups"].size(), 1U);
    EXPECT_GT(call("GET", "/v1/events")["events"].size(), 2U);
    EXPECT_EQ(call("GET", "/v1/nodes/system")["system"].size(), 2U);
    call("GET", "/v1/nodes/system", {}, nullptr, {{"node", "nowhere"}}, 404);
    call("GET", "/v1/links/probes");
    EXPECT_EQ(call("GET", "/v1/links/metrics", {}, nullptr, {{"node", "ams"}})["metrics"].size(), 1U);
    call("GET", "/v1/status");
    call("GET", "/v1/config");
    call("GET", "/v1/controllers");
    EXPECT_FALSE(call("GET", "/v1/history", {}, nullptr, {{"from", "ams"}, {"to", "fra"}})["points"].empty());
    call("GET", "/v1/history", {}, nullptr, {{"from", "ams"}, {"metric", "latency"}}, 400);
    call("POST", "/v1/requests", {}, {{"do", "status"}});
    call("GET", "/resolve/{domain}", {{"domain", "example.com"}});
    call("GET", "/resolve/{domain}", {{"domain", "example.com"}}, nullptr, {{"client", "here"}}, 400);
    call("GET", "/resolve/{domain}", {{"domain", "nowhere"}}, nullptr, {}, 404);
    call("GET", "/v1/nodes", {}, nullptr, {}, 401, "another");
    call("DELETE", "/v1/services/{name}", {{"name", "web"}}, nullptr, {}, 409);
    call("POST", "/v1/nodes/{node}/drain", {{"node", "nowhere"}}, nullptr, {}, 404);
    call("DELETE", "/v1/tokens/{id}", {{"id", "nowhere"}}, nullptr, {}, 404);
    call("DELETE", "/v1/domains/{domain}", {{"domain", "example.com"}});
    call("DELETE", "/v1/services/{name}", {{"name", "web"}});
    call("POST", "/v1/nodes/{node}/revoke", {{"node", "fra"}});
    EXPECT_EQ(seen.size(), document.operations()) << "every operation was asked";
}

TEST_F(ApiDocumentTest, RequestsTakeTheKeysThatItSays) {
    add_node("ams");
    ask({{"do", "service add"}, {"name", "there"}, {"vip", "10.99.0.81"}, {"origins", {{{"address", "10.2.0.10"}}}}});
    const std::set<std::string> only_do{"do"};
    const std::set<std::string> drain{"do", "drained"};
    takes_what_is_declared("POST", "/v1/services", {}, only_do);
    takes_what_is_declared("PUT", "/v1/services/{name}", {{"name", "there"}}, only_do);
    takes_what_is_declared("PATCH", "/v1/services/{name}", {{"name", "there"}}, only_do);
    takes_what_is_declared("DELETE", "/v1/services/{name}", {{"name", "there"}}, only_do);
    takes_what_is_declared("PUT", "/v1/domains/{domain}", {{"domain", "example.com"}}, only_do);
    takes_what_is_declared("DELETE", "/v1/domains/{domain}", {{"domain", "example.com"}}, only_do);
    takes_what_is_declared("POST", "/v1/tokens", {}, only_do);
    takes_what_is_declared("DELETE", "/v1/tokens/{id}", {{"id", "1"}}, only_do);
    takes_what_is_declared("POST", "/v1/nodes/{node}/revoke", {{"node", "ams"}}, only_do);
    takes_what_is_declared("POST", "/v1/nodes/{node}/drain", {{"node", "ams"}}, drain);
    takes_what_is_declared("POST", "/v1/nodes/{node}/undrain", {{"node", "ams"}}, drain);
    takes_what_is_declared("POST", "/v1/links/rekey", {}, only_do);
    takes_what_is_declared("GET", "/v1/events", {}, only_do);
    takes_what_is_declared("GET", "/v1/history", {}, only_do);
    takes_what_is_declared("GET", "/v1/nodes/system", {}, only_do);
    takes_what_is_declared("GET", "/v1/links/probes", {}, only_do);
    takes_what_is_declared("GET", "/v1/links/metrics", {}, only_do);
    for (const char* const plural : {"tokens", "nodes", "services", "domains", "links", "groups", "status"}) {
        takes_what_is_declared("GET", std::string("/v1/") + plural, {}, only_do);
    }
}

}  // namespace
}  // namespace izar
