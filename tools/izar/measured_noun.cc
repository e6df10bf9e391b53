#include "tools/izar/measured_noun.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/izar/controller_client.h"

namespace izar {
namespace {

using Json = nlohmann::json;

// A question with at most one word about what.
struct Question {
    std::string plural;  // of the request and its answer
    std::string key;     // of the word
    std::vector<std::string> columns;
};

void add_question(CLI::App& noun, Action& run, const std::string& verb, const std::string& help,
                  const std::string& word_help, const Question& question,
                  const std::function<void(const Json& rows)>& show_one = nullptr) {
    const auto target = std::make_shared<ControllerTarget>();
    const auto word = std::make_shared<std::string>();
    CLI::App* out = noun.add_subcommand(verb, help);
    add_controller_target(*out, target);
    add_watch(*out, target);
    out->add_option(question.key, *word, word_help);
    out->callback([=, &run] {
        run = [=] {
            Json request{{"do", question.plural}};
            if (!word->empty()) {
                request[question.key] = *word;
            }
            return watched(*target, [&] {
                return ask_controller(*target, request, [&](const Json& answer) {
                    const Json rows = answer.value(question.plural, Json::array());
                    if (show_one != nullptr && !word->empty()) {
                        show_one(rows);
                    } else {
                        print_table(rows, question.columns);
                    }
                });
            });
        };
    });
}

void print_each(const Json& rows) {
    for (const Json& row : rows) {
        print_pairs(row);
    }
}

}  // namespace

void add_system_verb(CLI::App& node_noun, Action& run) {
    add_question(node_noun, run, "system", "What nodes are and do: CPU, memory, disk, network, as they sampled it last",
                 "Id, name or address: all of its sample (of all nodes: -o json)",
                 {"system",
                  "node",
                  {"node", "address", "age_s", "cpu_cores", "cpu_percent", "load1", "memory_used_percent",
                   "disk_used_percent", "network_interface", "uptime_s", "hostname"}},
                 print_each);
}

void add_measured_verbs(CLI::App& link_noun, Action& run) {
    add_question(link_noun, run, "probes", "TCP delay from node to node and to origins, as it was probed last",
                 "Only from or to this region",
                 {"probes",
                  "region",
                  {"from", "from_address", "from_region", "to", "to_address", "to_region", "tcp_delay_ms", "age_s"}});
    add_question(link_noun, run, "metrics",
                 "RTT, the far node's CPU and virtual queues, capacity of the near one's uplink",
                 "Id, name or address: only links from there; needed in a fleet of more than 100 nodes",
                 {"metrics",
                  "node",
                  {"from", "from_address", "to", "to_address", "rtt_ms", "cpu_mean_percent", "cpu_variance",
                   "queue_cpu_mean", "queue_cpu_variance", "capacity_mbit_per_s", "age_s"}});
}

}  // namespace izar
