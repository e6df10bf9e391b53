// program_metrics.h -- What izar-controller and izar-agent tell alike: who they are, what they last read, what they
// said to each other.
//
// Thread: pure functions.
#pragma once

#include <string_view>

#include "ctrl/channel/channel.h"
#include "ctrl/metrics/metrics_text.h"
#include "dataplane/config/config_state.h"

namespace izar {

inline constexpr MetricFamily kProgramMetrics[] = {
    {"izar_build_info", "gauge", "program, version", "Always 1."},
    {"izar_config_generation", "gauge", "",
     "Of the configuration in force: 1 at the start, one more with each SIGHUP taken up."},
    {"izar_config_last_reload_successful", "gauge", "",
     "1: the files are in force as they were read last; 0: they are not."},
    {"izar_config_last_reload_timestamp_seconds", "gauge", "", "When SIGHUP came last, since 1970; not there: never."},
    {"izar_config_keys_waiting", "gauge", "", "Changed keys that wait for a restart."},
    {"izar_channel_received_bytes_total", "counter", "",
     "Between agents and controller, with TLS, since the start or since it leads."},
    {"izar_channel_sent_bytes_total", "counter", "", "The same in the other direction."},
    {"izar_channel_received_frames_total", "counter", "", "Messages between agents and controller."},
    {"izar_channel_sent_frames_total", "counter", "", "The same in the other direction."},
};

void add_program_metrics(MetricsText& out, std::string_view program, const ConfigState& config);
void add_channel_metrics(MetricsText& out, const ChannelCounts& counts);

}  // namespace izar
