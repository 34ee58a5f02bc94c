#include "meshkit/base/log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <optional>
#include <vector>

#include "meshkit/base/text.h"

namespace mesh::log {
namespace {

struct Directive {
  std::string part;  // empty: everything
  Level level;
};

struct State {
  std::mutex mutex;  // guards directives and text
  std::vector<Directive> directives{{"", Level::warn}};
  std::string text = "warn";
  std::atomic<Level> most_verbose{Level::warn};
  std::atomic<Format> format{Format::plain};
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
};

State& state() {
  static State instance;
  return instance;
}

constexpr std::array<std::string_view, 6> kNames = {"ERROR", "WARN",  "INFO",
                                                    "DEBUG", "TRACE", "OFF"};

std::optional<Level> parse_level(std::string_view text) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (lower_case(text) == lower_case(kNames[i])) return static_cast<Level>(i);
  }
  return std::nullopt;
}

bool names_everything(std::string_view part) {
  return part == "mesh" || part == "linkerd" || part == "linkerd2_proxy";
}

Result<std::vector<Directive>> parse(std::string_view directives) {
  std::vector<Directive> parsed;
  while (!directives.empty()) {
    const auto comma = directives.find(',');
    std::string_view one = trimmed(directives.substr(0, comma));
    directives =
        comma == std::string_view::npos ? std::string_view{} : directives.substr(comma + 1);
    if (one.empty()) continue;
    std::string_view part;
    if (const auto equals = one.rfind('='); equals != std::string_view::npos) {
      part = trimmed(one.substr(0, equals));
      one = trimmed(one.substr(equals + 1));
      if (part.starts_with("mesh::")) part.remove_prefix(6);
    }
    const auto level = parse_level(one);
    if (!level) return fail(Errc::invalid, "log filter: unknown level");
    parsed.push_back({names_everything(part) ? std::string() : std::string(part), *level});
  }
  if (parsed.empty()) return fail(Errc::invalid, "log filter: empty");
  return parsed;
}

// Quotes where a reader could not tell where the value ends.
void append_escaped(std::string& out, std::string_view value) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20 || byte == 0x7f) {
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\u%04x", byte);
      out.append(code.data());
    } else {
      out.push_back(c);
    }
  }
}

bool needs_quotes(std::string_view value) {
  return value.empty() || std::any_of(value.begin(), value.end(), [](char c) {
           return c <= ' ' || c == '"' || c == '\\' || c == '=' || c == 0x7f;
         });
}

std::string timestamp() {
  const auto now = std::chrono::system_clock::now();
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count() %
      1'000'000;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text.data() + size, text.size() - size, ".%06dZ", static_cast<int>(micros));
  return text.data();
}

std::string uptime() {
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - state().start).count();
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "[%12.6fs]", seconds);
  return text.data();
}

}  // namespace

Status check_filter(std::string_view directives) {
  const auto parsed = parse(directives);
  if (!parsed) return fail(parsed.error());
  return {};
}

Status set_filter(std::string_view directives) {
  auto parsed = parse(directives);
  if (!parsed) return fail(parsed.error());
  Level most_verbose = Level::error;
  bool all_off = true;
  for (const Directive& directive : *parsed) {
    if (directive.level == Level::off) continue;
    all_off = false;
    most_verbose = std::max(most_verbose, directive.level);
  }
  State& shared = state();
  const std::lock_guard lock(shared.mutex);
  shared.directives = std::move(*parsed);
  shared.text = directives;
  shared.most_verbose = all_off ? Level::off : most_verbose;
  return {};
}

std::string filter() {
  State& shared = state();
  const std::lock_guard lock(shared.mutex);
  return shared.text;
}

void set_format(Format format) noexcept { state().format = format; }

bool is_enabled(Level level, std::string_view part) noexcept {
  State& shared = state();
  const Level most_verbose = shared.most_verbose.load(std::memory_order_relaxed);
  if (most_verbose == Level::off || level > most_verbose) return false;
  const std::lock_guard lock(shared.mutex);
  const Directive* best = nullptr;
  for (const Directive& directive : shared.directives) {
    if (!directive.part.empty() && directive.part != part) continue;
    if (best == nullptr || directive.part.size() >= best->part.size()) best = &directive;
  }
  return best != nullptr && best->level != Level::off && level <= best->level;
}

Line::Line(Level level, std::string_view part, std::string_view message) : format_(state().format) {
  text_.reserve(256);
  const std::string_view name = kNames[static_cast<std::size_t>(level)];
  if (format_ == Format::json) {
    text_.append(R"({"timestamp":")").append(timestamp()).append(R"(","level":")").append(name);
    text_.append(R"(","target":")").append(part).append(R"(","message":")");
    append_escaped(text_, message);
    text_.push_back('"');
    return;
  }
  text_.append(uptime()).append(name.size() < 5 ? "  " : " ").append(name).append(" ");
  text_.append(part).append(": ");
  append_escaped(text_, message);
}

Line::~Line() {
  if (format_ == Format::json) text_.append(has_fields_ ? "}}" : "}");
  text_.push_back('\n');
  // A full or closed standard output must not stop the proxy; the line is lost then.
  (void)!::write(STDOUT_FILENO, text_.data(), text_.size());
}

void Line::begin_field(std::string_view key) {
  if (format_ == Format::json) {
    text_.append(has_fields_ ? ",\"" : ",\"fields\":{\"").append(key).append("\":");
  } else {
    text_.append(" ").append(key).append("=");
  }
  has_fields_ = true;
}

void Line::field(std::string_view key, std::string_view value) {
  begin_field(key);
  const bool quoted = format_ == Format::json || needs_quotes(value);
  if (quoted) text_.push_back('"');
  append_escaped(text_, value);
  if (quoted) text_.push_back('"');
}

void Line::field(std::string_view key, std::int64_t value) {
  begin_field(key);
  text_.append(std::to_string(value));
}

void Line::field(std::string_view key, std::uint64_t value) {
  begin_field(key);
  text_.append(std::to_string(value));
}

void Line::field(std::string_view key, double value) {
  begin_field(key);
  std::array<char, 32> number{};
  std::snprintf(number.data(), number.size(), "%.6g", value);
  text_.append(number.data());
}

void Line::field(std::string_view key, bool value) {
  begin_field(key);
  text_.append(value ? "true" : "false");
}

}  // namespace mesh::log
