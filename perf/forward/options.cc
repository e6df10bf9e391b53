#include "perf/forward/options.h"

#include <CLI/CLI.hpp>

namespace izar {

Result<RigOptions> parse_rig_options(int argc, char** argv) {
    RigOptions out;
    std::string role = "relay";
    std::string security = "none";
    std::string forgery = "none";
    std::string frame_bytes = "64";
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
    app.add_option("--frame-bytes", frame_bytes, "client's frame without FCS, or imix")
        ->check(CLI::Range(kLeastFrame, kMostFrame) | CLI::IsMember({"imix"}))
        ->capture_default_str();
    app.add_option("--runs", out.runs, "trials of each forwarder, in turn")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--trial-ms", trial_ms, "length of one trial")
        ->check(CLI::Range(20, 3'600'000))
        ->capture_default_str();
    app.add_flag("--serve", out.serve, "do the trials that lines of standard input ask for, one JSON object each");
    app.add_flag("--naps", out.scenario.naps, "the lcore naps when it is idle");
    app.add_option("--drop-every", out.impairment.drop_every,
                   "the system 'impaired', which proves the rig, loses one packet in so many");
    app.add_option("--slow-cycles", out.impairment.cycles_per_packet, "and takes so many cycles for a packet");
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
    out.scenario.imix = frame_bytes == "imix";
    if (!out.scenario.imix) {
        out.scenario.frame_bytes = static_cast<std::uint16_t>(std::stoul(frame_bytes));
    }
    if (*wrong != Forgery::none && (!out.scenario.sealed || *known == Role::ingress)) {
        return fail("izar-perf-forward: --forgery needs --security aes-gcm and a role that gets overlay packets");
    }
    out.plan.duration = std::chrono::milliseconds{trial_ms};
    return out;
}

}  // namespace izar
