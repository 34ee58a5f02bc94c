#pragma once
// log: one line per event, plain or JSON, filtered by level and part of the program.
//
//     log::warn("identity", "renewal failed", "error", describe(error), "retry_in_ms", 1000);
//
//     [    12.345678s]  WARN identity: renewal failed error="..." retry_in_ms=1000
//     {"timestamp":"...","level":"WARN","target":"identity","message":"...","fields":{...}}
//
// Filter directives are a comma-separated list: a level for everything ("warn"), or `part=level`
// ("identity=debug"); the most specific wins. "mesh", "linkerd" and "linkerd2_proxy" name all
// parts. Control characters in values are escaped, so no value can forge a line. Every line is one
// write(2) to standard output.
//
// The filter and the format are process-wide, as standard output is: this is the one global state.
// All functions are thread-safe. A call that is filtered out costs one atomic load when the most
// verbose level in force already excludes it.

#include <cstdint>
#include <string>
#include <string_view>

#include "meshkit/base/result.h"

namespace mesh::log {

enum class Level : std::uint8_t { error, warn, info, debug, trace, off };
enum class Format : std::uint8_t { plain, json };

// Whether set_filter would take it. Errc::invalid otherwise.
Status check_filter(std::string_view directives);
// Replaces the filter. Errc::invalid leaves the one in force.
Status set_filter(std::string_view directives);
// As it was set.
std::string filter();
void set_format(Format format) noexcept;

bool is_enabled(Level level, std::string_view part) noexcept;

// A line under construction; written when it is destroyed.
class Line {
 public:
  Line(Level level, std::string_view part, std::string_view message);
  Line(const Line&) = delete;
  ~Line();

  void field(std::string_view key, std::string_view value);
  void field(std::string_view key, std::int64_t value);
  void field(std::string_view key, std::uint64_t value);
  void field(std::string_view key, double value);
  void field(std::string_view key, bool value);

 private:
  void begin_field(std::string_view key);

  Format format_;
  bool has_fields_ = false;
  std::string text_;
};

namespace detail {

inline void add_fields(Line&) {}

template <class V, class... Rest>
void add_fields(Line& line, std::string_view key, const V& value, const Rest&... rest) {
  if constexpr (std::is_same_v<V, bool> || std::is_floating_point_v<V>) {
    line.field(key, value);
  } else if constexpr (std::is_integral_v<V> && std::is_signed_v<V>) {
    line.field(key, static_cast<std::int64_t>(value));
  } else if constexpr (std::is_integral_v<V>) {
    line.field(key, static_cast<std::uint64_t>(value));
  } else {
    line.field(key, std::string_view(value));
  }
  add_fields(line, rest...);
}

template <class... Fields>
void write(Level level, std::string_view part, std::string_view message, const Fields&... fields) {
  if (!is_enabled(level, part)) return;
  Line line(level, part, message);
  add_fields(line, fields...);
}

}  // namespace detail

template <class... Fields>
void error(std::string_view part, std::string_view message, const Fields&... fields) {
  detail::write(Level::error, part, message, fields...);
}
template <class... Fields>
void warn(std::string_view part, std::string_view message, const Fields&... fields) {
  detail::write(Level::warn, part, message, fields...);
}
template <class... Fields>
void info(std::string_view part, std::string_view message, const Fields&... fields) {
  detail::write(Level::info, part, message, fields...);
}
template <class... Fields>
void debug(std::string_view part, std::string_view message, const Fields&... fields) {
  detail::write(Level::debug, part, message, fields...);
}

}  // namespace mesh::log
