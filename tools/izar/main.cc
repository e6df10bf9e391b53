// izar -- the operator's command: izar NOUN ...
#include "tools/izar/complaint.h"
#include "tools/izar/noun.h"

int main(int argc, char** argv) {
    CLI::App app("izar: operate an overlay of edge nodes", "izar");
    app.set_version_flag("--version", "izar " IZAR_VERSION);
    app.require_subcommand(1);
    app.failure_message(
        [](const CLI::App* failed, const CLI::Error& error) { return izar::complaint(*failed, error) + "\n"; });
    izar::Action run;
    izar::add_controller_nouns(app, run);
    izar::add_edge_noun(app, run);
    izar::add_events_noun(app, run);
    izar::add_history_noun(app, run);
    izar::add_lab_noun(app, run);
    izar::add_link_noun(app, run);
    izar::add_links_noun(app, run);
    izar::add_path_noun(app, run);
    izar::add_replay_noun(app, run);
    izar::add_status_noun(app, run);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? izar::kExitDone : izar::kExitUsage;
    }
    return run();
}
