#include "tools/controller/seat.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "ctrl/http/api_client.h"
#include "ctrl/metrics/program_metrics.h"

namespace izar {
namespace {

// Where a member says that it is; none: it says nothing that can be reached.
std::optional<SocketAddress> reached_at(const std::string& text) {
    const auto address = SocketAddress::parse(text);
    return address ? std::optional(*address) : std::nullopt;
}

std::string text_of(const nlohmann::json& answer) {
    return answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Seat::Seat(LeadParts parts, std::unique_ptr<Election> election)
    : parts_(std::move(parts)),
      election_(std::move(election)),
      agents_(parts_.loop),
      clients_(parts_.loop),
      forwarding_(parts_.loop),
      look_timer_(parts_.loop) {}

Seat::~Seat() {
    parts_.loop.close(listener_);
}

Result<void> Seat::start() {
    auto listener = SocketAddress::parse(parts_.config.listen).and_then(listen_tcp);
    if (!listener) {
        return tl::unexpected(listener.error());
    }
    if (election_ == nullptr) {
        if (auto begun = begin(std::nullopt); !begun) {
            return begun;
        }
    } else {
        parts_.log(fmt::format("controller {} stands by", election_->name()));
        look_timer_.start(kLook, [this] { look(); });
    }
    listener_ = parts_.loop.accept(*std::move(listener), [this](StreamId stream, const SocketAddress& from) {
        return lead_ != nullptr ? lead_->accept(stream, from) : agents_.accept(stream);
    });
    return {};
}

Result<void> Seat::begin(std::optional<Fence> fence) {
    auto lead = Lead::begin(parts_, fence, [this](std::string_view line) { return answer_here(line); });
    if (!lead) {
        return tl::unexpected(lead.error());
    }
    lead_ = *std::move(lead);
    agents_.end_all();  // they come again, to us
    clients_.end_all();
    parts_.log(fmt::format("izar-controller leads and listens at {}", parts_.config.listen));
    return {};
}

Result<void> Seat::take(ReadAgain files) {
    if (lead_ != nullptr) {
        if (auto done = lead_->take(files); !done) {
            return done;
        }
    }
    parts_.policy = std::move(files.policy).value_or("");
    return {};
}

// Ends a lead that is another's by now, or that has no store to lead with.
void Seat::watch_lead(std::optional<Fence> fence, Instant now) {
    if (lead_ == nullptr) {
        return;
    }
    const auto silent_since = lead_->store_silent_since();
    if (lead_->fence() != fence) {
        lead_.reset();
        parts_.log("izar-controller leads no more");
    } else if (silent_since && now - *silent_since >= kStorePatience) {
        lead_.reset();
        begin_after_ = now + kRetry;
        election_->give_way(kRetry);
        parts_.log("izar-controller leads no more: its store does not answer");
    }
}

void Seat::look() {
    const Instant now = parts_.loop.now();
    election_->tick(now);
    watch_lead(election_->leads(now), now);
    const auto fence = election_->leads(now);
    if (lead_ == nullptr && fence && now >= begin_after_) {
        begin_after_ = now + kRetry;
        if (auto begun = begin(fence); !begun) {
            parts_.log("izar-controller cannot lead: " + begun.error().text);
            election_->give_way(kRetry);
        }
    }
    if (auto problem = election_->problem(); problem != problem_) {
        parts_.log(problem.empty() ? "etcd answers again" : problem);
        problem_ = std::move(problem);
    }
    // Without etcd the leader that was known last may be one no more.
    const Nanos patience = problem_.empty() ? Passage::kPatience : Passage::kShortPatience;
    const auto other = leader();
    agents_.lead_to(other ? reached_at(other->at.agents) : std::nullopt, patience);
    clients_.lead_to(other ? reached_at(other->at.api) : std::nullopt, patience);
    look_timer_.start(kLook, [this] { look(); });
}

std::optional<Member> Seat::leader() const {
    if (election_ == nullptr || lead_ != nullptr) {
        return std::nullopt;
    }
    const auto members = election_->members();
    const auto found = std::ranges::find_if(members, &Member::leads);
    return found == members.end() || found->name == election_->name() ? std::nullopt : std::optional(*found);
}

Result<std::string> Seat::controllers() const {
    auto rows = nlohmann::json::array();
    if (election_ == nullptr) {
        rows.push_back({{"name", nullptr}, {"address", api_address(parts_.config)}, {"leads", true}});
    } else {
        for (const Member& member : election_->members()) {
            rows.push_back({{"name", member.name}, {"address", member.at.api}, {"leads", member.leads}});
        }
    }
    return text_of({{"controllers", rows}});
}

ConfigState Seat::config_in_force() const {
    ConfigState state = config_state_;
    if (state.problem.empty() && lead_ != nullptr) {
        state.problem = lead_->problem();
    }
    return state;
}

Result<std::string> Seat::config() const {
    return text_of(config_answer(config_in_force(), election_ == nullptr ? "" : election_->name()));
}

std::string Seat::metrics() const {
    MetricsText out;
    out.declare(kProgramMetrics);
    out.declare(kControllerMetrics);
    add_program_metrics(out, "izar-controller", config_in_force());
    out.add("izar_controller_leads", leads() ? 1 : 0);
    if (lead_ != nullptr) {
        lead_->add_metrics(out);
    }
    return out.text();
}

void Seat::set_config_state(ConfigState state) {
    config_state_ = std::move(state);
    config_state_.read_again = std::chrono::floor<std::chrono::seconds>(parts_.wall_clock());
    if (lead_ != nullptr) {
        lead_->note_event(
            EventKind::config,
            config_state_.problem.empty()
                ? fmt::format("SIGHUP: configuration {} is in force{}", config_state_.generation,
                              config_state_.needs_restart.empty() ? "" : "; some changed keys need a restart")
                : "SIGHUP changes nothing: " + config_state_.problem);
    }
}

std::optional<Result<std::string>> Seat::answer_for_itself(std::string_view line) const {
    const auto request = nlohmann::json::parse(line, nullptr, false);
    const auto asked = request.is_object() ? request.find("do") : request.end();
    if (asked == request.end()) {
        return std::nullopt;
    }
    if (*asked == "controllers") {
        return controllers();
    }
    if (*asked == "config") {
        return config();
    }
    return std::nullopt;
}

Answered<std::string> Seat::answer_here(std::string_view line) {
    auto own = answer_for_itself(line);
    return own ? Answered<std::string>(*std::move(own)) : lead_->answer(line);
}

void Seat::answer(std::string_view line, OperatorSocket::Reply reply) {
    if (const auto own = answer_for_itself(line)) {
        reply(*own);
        return;
    }
    if (lead_ != nullptr) {
        reply(lead_->answer(line));
        return;
    }
    forwarded_.push_back({std::string(line), std::move(reply)});
    forward();
}

// Who leads may have changed since a request came. A reply may bring the next request, which calls this again.
void Seat::forward() {
    while (!forwarded_.empty() && !forwarding_.busy()) {
        Forwarded next = std::move(forwarded_.front());
        forwarded_.pop_front();
        const auto other = leader();
        if (lead_ != nullptr) {
            next.reply(lead_->answer(next.line));
        } else if (!other) {
            next.reply(fail("no controller leads at the moment; try again in some seconds"));
        } else {
            const ApiAddress api{other->at.api, parts_.state.api_token, parts_.config.state + "/authority.crt"};
            forwarding_.start([this, api, next = std::move(next)]() -> SideThread::Done {
                return [this, reply = next.reply, result = ask_api(api, next.line, kForwarding)] {
                    reply(result);
                    forward();
                };
            });
        }
    }
}

StreamEvents* Seat::lead_on(StreamId stream) {
    return leader() ? clients_.accept(stream) : nullptr;
}

HttpAnswer Seat::answer(const HttpRequest& request) {
    if (lead_ != nullptr) {
        return lead_->answer(request);
    }
    return {.status = 503, .body = R"({"error":"no controller leads at the moment; try again in some seconds"})"};
}

}  // namespace izar
