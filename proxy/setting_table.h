#pragma once
// The table of all settings: name, kind of value, default, meaning, and where the value goes.
//
// Settings that come in two directions stand once, in side_settings. What two settings must say
// together is looked at afterwards, by `check_together`.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "meshkit/base/result.h"
#include "proxy/setting_grammar.h"
#include "proxy/settings.h"

namespace mesh::settings {

// Settings under construction, with what has no place of its own in them.
struct Draft {
  struct Windows {
    std::optional<bool> adaptive;
    std::optional<std::uint32_t> stream;
    std::optional<std::uint32_t> connection;
  };
  struct Service {
    std::optional<HostAndPort> address;
    std::string name;
  };

  Settings settings;
  Windows inbound_windows;
  Windows outbound_windows;
  Windows client_windows;
  std::optional<Milliseconds> backoff_min;
  std::optional<Milliseconds> backoff_max;
  std::optional<double> backoff_jitter;
  Service identity;
  Service destination;
  Service policy;
  std::string local_name;
  std::optional<policy::DefaultPolicy> default_policy;
  std::optional<std::uint32_t> cores_min;
  std::optional<std::uint32_t> cores;
  std::optional<std::uint32_t> cores_max;
  std::optional<double> cores_ratio;
  std::optional<std::uint32_t> inbound_connections;   // of all workers together
  std::optional<std::uint32_t> outbound_connections;  // likewise
};

struct Setting {
  std::string_view side;  // "INBOUND_", "OUTBOUND_" or empty: how the name begins
  std::string_view name;
  std::string_view kind;
  std::string_view unset;  // the default; in brackets when it is no value but an explanation
  std::string_view meaning;
  // Null, or what the value "is".
  const char* (*apply)(Draft&, std::string_view text);

  std::string full_name() const { return std::string(side).append(name); }
  bool has_default() const noexcept { return !unset.empty() && !unset.starts_with('('); }
};

struct SettingGroup {
  std::string_view title;
  std::span<const Setting> settings;
};

std::span<const SettingGroup> setting_groups();

std::span<const Setting> inbound_settings();
std::span<const Setting> outbound_settings();
std::span<const Setting> control_settings();
std::span<const Setting> identity_settings();
std::span<const Setting> process_settings();
template <bool kInbound>
std::span<const Setting> side_settings();

// For rows: puts a value in its place.
template <class Place, class Value>
const char* put(Place& place, Result<Value> value) {
  if (!value) return value.error().what;
  place = std::move(*value);
  return nullptr;
}

// Checks what depends on more than one setting and fills in what follows from several.
void check_together(Draft& draft, Parsed& parsed);

}  // namespace mesh::settings
