// api.h -- Api: the operator's requests and the resolve service as HTTP: docs/api.yaml (OpenAPI).
//
// A route is a method, a path with places for values, and the operator request that it stands for; values come from
// the path, the query and the JSON body. `GET /resolve/DOMAIN` is for everybody, all else needs the bearer token.
//
// Thread: the controller's.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "ctrl/controller/controller.h"
#include "ctrl/controller/operator_error.h"
#include "ctrl/http/http_message.h"

namespace izar {

class Api {
  public:
    using Answer = std::function<Answered<std::string>(std::string_view line)>;

    // `operators` answers an operator's request. `token` is what an operator must show; not empty.
    Api(Controller& controller, Answer operators, const std::string& token);

    HttpAnswer answer(const HttpRequest& request);

  private:
    HttpAnswer answer_operator(const HttpRequest& request);
    HttpAnswer answer_resolve(const HttpRequest& request);
    bool is_operator(const HttpRequest& request) const;

    Controller& controller_;
    Answer operators_;
    std::string expected_;  // of the header Authorization
};

}  // namespace izar
