#include "tools/controller/seat.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "ctrl/http/api_client.h"

namespace izar {

Seat::Seat(LeadParts parts, std::unique_ptr<Election> election)
    : parts_(std::move(parts)), election_(std::move(election)), look_timer_(parts_.loop) {}

Result<void> Seat::start() {
    if (election_ == nullptr) {
        return begin(std::nullopt);
    }
    parts_.log(fmt::format("controller {} stands by", election_->name()));
    look_timer_.start(kLook, [this] { look(); });
    return {};
}

Result<void> Seat::begin(std::optional<Fence> fence) {
    auto lead = Lead::begin(parts_, fence, [this](std::string_view line) { return answer(line); });
    if (!lead) {
        return tl::unexpected(lead.error());
    }
    lead_ = *std::move(lead);
    parts_.log(fmt::format("izar-controller leads and listens at {}", parts_.config.listen));
    return {};
}

Result<void> Seat::set_policy(std::string text) {
    if (lead_ != nullptr) {
        if (auto done = lead_->set_policy(text); !done) {
            return done;
        }
    }
    parts_.policy = std::move(text);
    return {};
}

void Seat::look() {
    const Instant now = parts_.loop.now();
    const auto fence = election_->leads(now);
    if (lead_ != nullptr && lead_->fence() != fence) {
        lead_.reset();
        parts_.log("izar-controller leads no more");
    }
    if (lead_ == nullptr && fence && now >= begin_after_) {
        begin_after_ = now + kRetry;
        if (auto begun = begin(fence); !begun) {
            parts_.log("izar-controller cannot lead: " + begun.error().text);
        }
    }
    if (auto problem = election_->problem(); problem != problem_) {
        parts_.log(problem.empty() ? "etcd answers again" : problem);
        problem_ = std::move(problem);
    }
    look_timer_.start(kLook, [this] { look(); });
}

Result<std::string> Seat::controllers() const {
    auto rows = nlohmann::json::array();
    if (election_ == nullptr) {
        rows.push_back({{"name", nullptr}, {"address", api_address(parts_.config)}, {"leads", true}});
    } else {
        for (const Member& member : election_->members()) {
            rows.push_back({{"name", member.name}, {"address", member.address}, {"leads", member.leads}});
        }
    }
    return nlohmann::json{{"controllers", rows}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<std::string> Seat::forward(std::string_view line) const {
    const auto members = election_->members();
    const auto leader = std::ranges::find_if(members, &Member::leads);
    if (leader == members.end() || leader->name == election_->name()) {
        return fail("no controller leads at the moment; try again in some seconds");
    }
    return ask_api({leader->address, parts_.state.api_token, parts_.config.state + "/authority.crt"}, std::string(line),
                   kForwarding);
}

Result<std::string> Seat::answer(std::string_view line) {
    const auto request = nlohmann::json::parse(line, nullptr, false);
    if (request.is_object() && request.contains("do") && request["do"] == "controllers") {
        return controllers();
    }
    return lead_ != nullptr ? lead_->answer(line) : forward(line);
}

HttpAnswer Seat::answer(const HttpRequest& request) {
    if (lead_ != nullptr) {
        return lead_->answer(request);
    }
    return {.status = 503,
            .body = R"({"error":"this controller does not lead; try again in a second, or ask another one"})"};
}

}  // namespace izar
