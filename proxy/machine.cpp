#include "proxy/machine.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <string_view>
#include <vector>

#include "meshkit/base/text.h"

namespace mesh {
namespace {

// Version 1 says "none" by a number near the end of the range.
constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 60;

class SystemFiles final : public KernelFiles {
 public:
  std::optional<std::string> read(const std::string& path) const override {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                               &std::fclose);
    if (!file) return std::nullopt;
    std::array<char, 4096> text{};
    return std::string(text.data(), std::fread(text.data(), 1, text.size(), file.get()));
  }
};

std::string_view first_line(std::string_view text) {
  return trimmed(text.substr(0, text.find('\n')));
}

// The process's group for `controller` ("" for version 2), from lines "4:cpu,cpuacct:/path".
std::string group_of(const KernelFiles& files, std::string_view controller) {
  const std::string groups = files.read("/proc/self/cgroup").value_or("");
  for (const std::string_view line : split(groups, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const auto names = split(line.substr(first + 1, second - first - 1), ',');
    if (std::find(names.begin(), names.end(), controller) != names.end()) {
      return std::string(line.substr(second + 1));
    }
  }
  return "/";
}

// Calls `visit` with the folder of the group and of each group above it, as far as they are seen
// from here.
template <class Visit>
void for_each_level(const std::string& root, std::string group, Visit&& visit) {
  while (!group.empty() && group != "/") {
    visit(root + group + "/");
    group.erase(group.rfind('/'));
  }
  visit(root + "/");
}

std::optional<std::uint64_t> number_in(const KernelFiles& files, const std::string& path) {
  const auto text = files.read(path);
  if (!text) return std::nullopt;
  return parse_decimal<std::uint64_t>(first_line(*text));
}

template <class T>
void lower_to(std::optional<T>& limit, std::optional<T> other) {
  if (other && (!limit || *other < *limit)) limit = other;
}

std::optional<std::uint64_t> memory_limit(const KernelFiles& files) {
  std::optional<std::uint64_t> limit;
  for_each_level("/sys/fs/cgroup", group_of(files, ""), [&](const std::string& folder) {
    lower_to(limit, number_in(files, folder + "memory.max"));  // "max" is no number
  });
  for_each_level("/sys/fs/cgroup/memory", group_of(files, "memory"),
                 [&](const std::string& folder) {
                   lower_to(limit, number_in(files, folder + "memory.limit_in_bytes"));
                 });
  if (limit && *limit >= kNoLimit) return std::nullopt;
  return limit;
}

// Rounded up: a quota of half a processor is one that often waits.
std::optional<unsigned> cores_of(std::optional<std::uint64_t> quota,
                                 std::optional<std::uint64_t> period) {
  if (!quota || !period || *quota == 0 || *period == 0) return std::nullopt;
  return static_cast<unsigned>(std::min<std::uint64_t>((*quota + *period - 1) / *period, 4096));
}

std::optional<unsigned> core_limit(const KernelFiles& files) {
  std::optional<unsigned> limit;
  for_each_level("/sys/fs/cgroup", group_of(files, ""), [&](const std::string& folder) {
    const std::string text = files.read(folder + "cpu.max").value_or("");
    const auto words = split(first_line(text), ' ');  // "150000 100000", "max 100000"
    if (words.size() != 2) return;
    lower_to(limit, cores_of(parse_decimal<std::uint64_t>(words[0]),
                             parse_decimal<std::uint64_t>(words[1])));
  });
  for_each_level("/sys/fs/cgroup/cpu", group_of(files, "cpu"), [&](const std::string& folder) {
    lower_to(limit, cores_of(number_in(files, folder + "cpu.cfs_quota_us"),  // -1: none
                             number_in(files, folder + "cpu.cfs_period_us")));
  });
  return limit;
}

}  // namespace

Machine machine_from(const KernelFiles& files, unsigned processors) {
  Machine machine;
  machine.cores = std::max(1U, std::min(processors, core_limit(files).value_or(processors)));
  machine.memory_bytes = memory_limit(files);
  return machine;
}

Machine this_machine() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  const bool known = sched_getaffinity(0, sizeof(allowed), &allowed) == 0;
  return machine_from(SystemFiles(), known ? static_cast<unsigned>(CPU_COUNT(&allowed)) : 1);
}

}  // namespace mesh
