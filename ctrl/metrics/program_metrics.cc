#include "ctrl/metrics/program_metrics.h"

namespace izar {

void add_program_metrics(MetricsText& out, std::string_view program, const ConfigState& config) {
    out.add("izar_build_info", 1, {{"program", program}, {"version", IZAR_VERSION}});
    out.add("izar_config_generation", static_cast<double>(config.generation));
    out.add("izar_config_last_reload_successful", config.problem.empty() ? 1 : 0);
    if (config.read_again) {
        out.add("izar_config_last_reload_timestamp_seconds",
                static_cast<double>(config.read_again->time_since_epoch().count()));
    }
    out.add("izar_config_keys_waiting", static_cast<double>(config.needs_restart.size()));
}

void add_channel_metrics(MetricsText& out, const ChannelCounts& counts) {
    out.add("izar_channel_received_bytes_total", static_cast<double>(counts.received_bytes));
    out.add("izar_channel_sent_bytes_total", static_cast<double>(counts.sent_bytes));
    out.add("izar_channel_received_frames_total", static_cast<double>(counts.received_frames));
    out.add("izar_channel_sent_frames_total", static_cast<double>(counts.sent_frames));
}

}  // namespace izar
