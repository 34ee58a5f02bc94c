// mesh-init: sends the TCP connections of this network namespace through mesh-proxy, or stops it.
// See docs/mesh-init.md.

#include <cstdio>
#include <span>
#include <string>

#include "proxy/init/apply.h"
#include "proxy/init/options.h"

namespace {

using namespace mesh::init;

// To stdout, where a full disk or a closed pipe must not look like success.
int print(const std::string& text) {
  const bool written = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  return written ? kExitDone : kExitFailed;
}

void say(const std::string& line) {
  (void)std::fprintf(stderr, "mesh-init: %s\n", line.c_str());  // there is nobody else to tell
}

int report(const Outcome<std::string>& outcome) {
  say(outcome ? *outcome : outcome.error().what);
  return outcome ? kExitDone : exit_code(outcome.error());
}

int report_faults(const std::vector<std::string>& faults) {
  for (const std::string& fault : faults) say(fault);
  say("--help lists the options");
  return kExitUsage;
}

int run(std::span<const char* const> arguments) {
  const CommandLine line = parse(arguments);
  const Options& options = line.options;
  if (options.action == Action::help) return print(help_text());
  if (options.action == Action::version) return print("mesh-init " MESH_VERSION "\n");
  if (!line.faults.empty()) return report_faults(line.faults);
  if (options.dry_run) return print(dry_run(options));
  return report(options.action == Action::remove ? remove() : arm(options));
}

}  // namespace

int main(int count, char** arguments) {
  const std::span<const char* const> all(arguments, static_cast<std::size_t>(count));
  return run(all.empty() ? all : all.subspan(1));
}
