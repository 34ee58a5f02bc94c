#include "proxy/settings.h"

#include <algorithm>

#include "meshkit/base/text.h"
#include "proxy/setting_table.h"

namespace mesh {
namespace {

using settings::Draft;
using settings::Setting;

constexpr std::string_view kPrefix = "MESH_PROXY_";
constexpr std::string_view kOtherPrefix = "LINKERD2_PROXY_";
constexpr std::size_t kShownBytes = 60;

struct Found {
  std::string name;
  std::string_view value;
};

std::optional<Found> find(const Environment& environment, const Setting& setting) {
  for (const std::string_view prefix : {kPrefix, kOtherPrefix}) {
    std::string name = std::string(prefix) + setting.full_name();
    if (const auto value = environment.value(name)) return Found{std::move(name), *value};
  }
  return std::nullopt;
}

// As much of a value as fits on a line.
std::string shown(std::string_view value) {
  std::string text = "\"";
  append_json(text, value.substr(0, kShownBytes));
  return text + (value.size() > kShownBytes ? "...\"" : "\"");
}

void read(const Environment& environment, const Setting& setting, Draft& draft, Parsed& parsed) {
  const auto found = find(environment, setting);
  if (!found) {
    if (setting.has_default() && setting.apply(draft, setting.unset) != nullptr) std::abort();
    return;
  }
  if (!is_utf8(found->value)) {
    parsed.faults.push_back(found->name + " is not UTF-8");
    return;
  }
  if (const char* fault = setting.apply(draft, found->value)) {
    parsed.faults.push_back(found->name + "=" + shown(found->value) + " is " + fault);
  }
}

// Whether a fault about `name` has been told, so that its absence need not be told as well.
bool is_told(const std::vector<std::string>& faults, std::string_view name) {
  return std::any_of(faults.begin(), faults.end(), [name](const std::string& fault) {
    const std::size_t at = fault.find(name);
    return at != std::string::npos && fault.find_first_of("= ") == at + name.size();
  });
}

}  // namespace

std::string ControlAddress::text() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Parsed settings_from(const Environment& environment, const Machine& machine) {
  Parsed parsed;
  Draft draft;
  draft.settings.machine = machine;
  if (machine.memory_bytes) {
    draft.settings.metrics.max_series = static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(*machine.memory_bytes / (64 * 1024), 200, 2000));
  }
  for (const auto& group : settings::setting_groups()) {
    for (const Setting& setting : group.settings) read(environment, setting, draft, parsed);
  }
  Parsed together;
  settings::check_together(draft, together);
  for (std::string& fault : together.faults) {
    const std::string name = fault.substr(0, fault.find(' '));
    if (!is_told(parsed.faults, name)) parsed.faults.push_back(std::string(kPrefix) + fault);
  }
  for (std::string& warning : together.warnings) {
    parsed.warnings.push_back(std::string(kPrefix) + warning);
  }
  parsed.settings = std::move(draft.settings);
  return parsed;
}

Parsed settings_from(const Environment& environment) {
  return settings_from(environment, this_machine());
}

}  // namespace mesh
