#include "proxy/stats/process_stats.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "meshkit/base/text.h"

namespace mesh::stats {
namespace {

using metrics::Description;
using metrics::LabelText;

const Description kStart = {"process_start_time_seconds", "When the process began, since 1970."};
const Description kClock = {"process_clock_time_seconds", "What time it is, since 1970."};
const Description kUptime = {"process_uptime_seconds_total", "For how long the process has run."};
const Description kCpu = {"process_cpu_seconds_total", "CPU time, of the user and of the system."};
const Description kVirtual = {"process_virtual_memory_bytes", "Address space in use."};
const Description kResident = {"process_resident_memory_bytes", "Memory in use."};
const Description kOpenFds = {"process_open_fds", "Open descriptors."};
const Description kMaxFds = {"process_max_fds", "Descriptors that may be open."};
const Description kThreads = {"process_threads", "Threads."};
const Description kReceived = {"process_network_receive_bytes_total",
                               "Bytes received by all interfaces but loopback."};
const Description kTransmitted = {"process_network_transmit_bytes_total",
                                  "Bytes sent by all interfaces but loopback."};
const Description kBuild = {"proxy_build_info", "What this program is."};
const Description kWorkers = {"mesh_workers", "Threads that carry traffic."};
const Description kExpires = {"control_identity_cert_expiration_timestamp_seconds",
                              "When the certificate ends, since 1970."};
const Description kRefreshed = {"control_identity_cert_refresh_timestamp_seconds",
                                "When the certificate was last renewed, since 1970."};
const Description kRefreshes = {"control_identity_cert_refreshes_total",
                                "Renewals of the certificate, by result."};
const Description kWatches = {"mesh_discovery_watches", "What is followed at a service."};
const Description kConnected = {"mesh_control_connected",
                                "Whether there is a connection to a service."};
const Description kAge = {"mesh_discovery_age_seconds",
                          "For how long the oldest answer in use has not been followed."};

constexpr std::size_t kFileBytes = 16 * 1024;

std::string read_file(const char* path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path, "re"), &std::fclose);
  if (!file) return {};
  std::string text(kFileBytes, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  return text;
}

double open_descriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), &::closedir);
  if (!folder) return 0;
  double count = -3;  // ".", ".." and the folder's own
  while (::readdir(folder.get()) != nullptr) ++count;
  return count;
}

double seconds(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (const std::string_view word : split(text, ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

double number(std::string_view word) {
  return static_cast<double>(parse_decimal<std::uint64_t>(word).value_or(0));
}

metrics::Held<metrics::Gauge> one(metrics::Registry& registry, const Description& description) {
  return registry.gauge(description).series({});
}

}  // namespace

std::optional<ProcessUsage> usage_from(std::string_view stat, double ticks_per_second,
                                       double page_bytes) {
  // The second field is the program's name in brackets, in which anything may stand.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  const auto fields = words_of(stat.substr(name_end + 1));  // from the third one, the state
  if (fields.size() < 22) return std::nullopt;
  return ProcessUsage{.cpu_seconds = (number(fields[11]) + number(fields[12])) / ticks_per_second,
                      .virtual_bytes = number(fields[20]),
                      .resident_bytes = number(fields[21]) * page_bytes,
                      .threads = number(fields[17])};
}

NetworkUsage network_from(std::string_view dev) {
  NetworkUsage usage;
  for (const std::string_view line : split(dev, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || trimmed(line.substr(0, colon)) == "lo") continue;
    const auto fields = words_of(line.substr(colon + 1));
    if (fields.size() < 9) continue;
    usage.received += number(fields[0]);
    usage.transmitted += number(fields[8]);
  }
  return usage;
}

ProcessStats::ProcessStats(metrics::Registry& registry, const Clock& clock,
                           const ControlFactsSource& facts, const BuildInfo& build,
                           unsigned workers)
    : clock_(clock),
      facts_(facts),
      started_(clock.now()),
      start_time_(one(registry, kStart)),
      clock_time_(one(registry, kClock)),
      uptime_(one(registry, kUptime)),
      cpu_(one(registry, kCpu)),
      virtual_(one(registry, kVirtual)),
      resident_(one(registry, kResident)),
      open_fds_(one(registry, kOpenFds)),
      max_fds_(one(registry, kMaxFds)),
      threads_(one(registry, kThreads)),
      received_(one(registry, kReceived)),
      transmitted_(one(registry, kTransmitted)),
      build_info_(registry.gauge(kBuild).series(LabelText()
                                                    .add("date", build.date)
                                                    .add("git_sha", build.git_sha)
                                                    .add("profile", build.profile)
                                                    .add("vendor", build.vendor)
                                                    .add("version", build.version))),
      workers_(one(registry, kWorkers)),
      expires_(registry.gauge(kExpires)),
      refreshed_(registry.gauge(kRefreshed)),
      refreshes_(registry.gauge(kRefreshes)),
      watches_(registry.gauge(kWatches)),
      connected_(registry.gauge(kConnected)),
      age_(registry.gauge(kAge)) {
  start_time_->set(seconds(clock.wall_now()));
  build_info_->set(1);
  workers_->set(workers);
  registry.add(*this);
}

void ProcessStats::collect() {
  collect_process();
  collect_control();
}

void ProcessStats::collect_process() {
  clock_time_->set(seconds(clock_.wall_now()));
  uptime_->set(std::chrono::duration<double>(clock_.now() - started_).count());
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (const auto usage = usage_from(read_file("/proc/self/stat"), ticks, page)) {
    cpu_->set(usage->cpu_seconds);
    virtual_->set(usage->virtual_bytes);
    resident_->set(usage->resident_bytes);
    threads_->set(usage->threads);
  }
  open_fds_->set(open_descriptors());
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) max_fds_->set(static_cast<double>(limit.rlim_cur));
  const NetworkUsage network = network_from(read_file("/proc/self/net/dev"));
  received_->set(network.received);
  transmitted_->set(network.transmitted);
}

void ProcessStats::collect_control() {
  const ControlFacts facts = facts_.control_facts();
  if (facts.certificate_expires) expires_.series({})->set(seconds(*facts.certificate_expires));
  if (facts.certificate_refreshed) {
    refreshed_.series({})->set(seconds(*facts.certificate_refreshed));
  }
  const auto result = [this](const char* word, std::uint64_t count) {
    refreshes_.series(LabelText().add("result", word))->set(static_cast<double>(count));
  };
  result("ok", facts.refreshes);
  result("error", facts.refresh_failures);
  for (const ControlFacts::Service& service : facts.services) {
    const LabelText labels = LabelText().add("service", service.name);
    watches_.series(labels)->set(static_cast<double>(service.watches));
    connected_.series(labels)->set(service.is_connected ? 1 : 0);
    const Nanoseconds age = service.age.value_or(Nanoseconds(0));
    age_.series(labels)->set(std::chrono::duration<double>(age).count());
  }
}

}  // namespace mesh::stats
