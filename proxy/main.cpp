// mesh-proxy: reads its settings from the environment and carries one workload's traffic.
//
// Exit status: 0 after an orderly shutdown, 1 when it could not start or the grace period ran out,
// 64 when a setting is wrong.

#include <csignal>
#include <cstdio>
#include <string_view>

#include "meshkit/base/log.h"
#include "proxy/app.h"
#include "proxy/settings.h"

namespace {

constexpr int kUsage = 64;  // EX_USAGE

int print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

int answer(std::string_view option) {
  if (option == "--help") return print(mesh::help_text());
  if (option == "--settings-markdown") return print(mesh::settings_markdown());
  if (option == "--version") return print("mesh-proxy " MESH_VERSION "\n");
  std::fprintf(stderr,
               "mesh-proxy: unknown option %.*s; it takes --help, --version and settings "
               "from its environment\n",
               static_cast<int>(option.size()), option.data());
  return kUsage;
}

int run() {
  const mesh::Parsed parsed = mesh::settings_from(mesh::SystemEnvironment());
  for (const std::string& fault : parsed.faults)
    std::fprintf(stderr, "mesh-proxy: %s\n", fault.c_str());
  if (!parsed.faults.empty()) return kUsage;

  (void)mesh::log::set_filter(parsed.settings.log.filter);
  mesh::log::set_format(parsed.settings.log.format);
  for (const std::string& warning : parsed.warnings) mesh::log::warn("settings", warning);

  mesh::App app(parsed.settings, MESH_VERSION);
  if (const mesh::Status started = app.start(); !started) {
    mesh::log::error("app", "cannot start", "error", mesh::describe(started.error()));
    return 1;
  }
  return app.run();
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE,
              SIG_IGN);  // a closed peer is an error of the write, not the end of the process
  return argc > 1 ? answer(argv[1]) : run();
}
