#include "proxy/stats/access_log.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <ctime>

#include "meshkit/base/text.h"

namespace mesh::stats {
namespace {

std::tm utc_of(WallTime when) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return utc;
}

std::string formatted(const std::tm& utc, const char* format) {
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), format, &utc);
  return {text.data(), size};
}

std::string rfc3339(WallTime when) {
  const auto since = when.time_since_epoch();
  const auto nanoseconds = std::chrono::duration_cast<Nanoseconds>(
                               since - std::chrono::floor<std::chrono::seconds>(since))
                               .count();
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%09ldZ", static_cast<long>(nanoseconds));
  return formatted(utc_of(when), "%Y-%m-%dT%H:%M:%S") + fraction.data();
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(out.size() > 1 ? ",\"" : "\"").append(name).append("\":\"");
  append_json(out, value);
  out.push_back('"');
}

void append_field(std::string& out, std::string_view name, std::uint64_t value) {
  out.append(out.size() > 1 ? ",\"" : "\"").append(name).append("\":");
  out.append(std::to_string(value));
}

// "-" for nothing; inside quotes the escapes of JSON serve as well.
void append_word(std::string& out, std::string_view word) {
  if (word.empty()) {
    out.push_back('-');
  } else {
    append_json(out, word);
  }
}

}  // namespace

std::string apache_line(const AccessRecord& record) {
  std::string line;
  append_word(line, record.client_address);
  line.push_back(' ');
  append_word(line, record.client_id);
  line.append(" - [").append(formatted(utc_of(record.when), "%d/%b/%Y:%H:%M:%S +0000"));
  line.append("] \"");
  append_word(line, record.method);
  line.push_back(' ');
  append_word(line, record.uri);
  line.push_back(' ');
  append_word(line, record.version);
  line.append("\" ").append(record.status == 0 ? "-" : std::to_string(record.status));
  return line.append(" ").append(std::to_string(record.response_bytes)).append("\n");
}

std::string json_line(const AccessRecord& record) {
  std::string line = "{";
  append_field(line, "client.addr", record.client_address);
  append_field(line, "client.id", record.client_id);
  append_field(line, "timestamp", rfc3339(record.when));
  append_field(line, "method", record.method);
  append_field(line, "uri", record.uri);
  append_field(line, "version", record.version);
  append_field(line, "trace_id", record.trace_id);
  append_field(line, "request_bytes", record.request_bytes);
  append_field(line, "status", std::uint64_t{record.status});
  append_field(line, "response_bytes", record.response_bytes);
  append_field(line, "total_ns", static_cast<std::uint64_t>(record.total.count()));
  append_field(line, "processing_ns", static_cast<std::uint64_t>(record.processing.count()));
  append_field(line, "user_agent", record.user_agent);
  append_field(line, "host", record.host);
  return line.append("}\n");
}

void write_line(std::string_view line) noexcept {
  (void)!::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace mesh::stats
