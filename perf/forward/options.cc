#include "perf/forward/options.h"

#include <CLI/CLI.hpp>

namespace izar {

Result<RigOptions> parse_rig_options(int argc, char** argv) {
    RigOptions out;
    std::string role = "relay";
    std::string security = "none";
    std::string forgery = "none";
    std::int64_t trial_ms = 500;
    CLI::App app{"Measures one lcore of izar between ring ports, generator on another core; prints JSON."};
    app.add_option("--role", role, "ingress, relay or egress")->capture_default_str();
    app.add_option("--security", security, "none or aes-gcm")
        ->check(CLI::IsMember({"none", "aes-gcm"}))
        ->capture_default_str();
    app.add_option("--forgery", forgery, "what is wrong with sealed packets: none, tag, replay or epoch")
        ->capture_default_str();
    app.add_option("--flows", out.scenario.flows, "client flows")
        ->check(CLI::Range(1U, 4U << 20))
        ->capture_default_str();
    app.add_option("--frame-bytes", out.scenario.frame_bytes, "client's frame without FCS")
        ->check(CLI::Range(kLeastFrame, kMostFrame))
        ->capture_default_str();
    app.add_option("--runs", out.runs, "trials of each forwarder, in turn")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--trial-ms", trial_ms, "length of one trial")
        ->check(CLI::Range(20, 3'600'000))
        ->capture_default_str();
    app.add_flag("--reconf", out.reconf, "fixed load, with and without route rewrites");
    app.add_option("--load-mpps", out.plan.packets_per_second,
                   "the fixed load of --reconf, in million packets a second")
        ->capture_default_str();
    app.add_option("--rewrites", out.plan.rewrites_per_second, "route rewrites a second of --reconf")
        ->capture_default_str();
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        out.message = app.help();
        return out;
    } catch (const CLI::ParseError& error) {
        return fail(std::string("izar-perf-forward: ") + error.what() + "; see --help");
    }
    const auto known = role_of(role);
    if (!known) {
        return tl::unexpected(known.error());
    }
    const auto wrong = forgery_of(forgery);
    if (!wrong) {
        return tl::unexpected(wrong.error());
    }
    out.scenario.role = *known;
    out.scenario.sealed = security == "aes-gcm";
    out.scenario.forgery = *wrong;
    if (*wrong != Forgery::none && (!out.scenario.sealed || *known == Role::ingress)) {
        return fail("izar-perf-forward: --forgery needs --security aes-gcm and a role that gets overlay packets");
    }
    out.plan.duration = std::chrono::milliseconds{trial_ms};
    out.plan.packets_per_second *= 1e6;
    return out;
}

}  // namespace izar
