#include "proxy/policy/regex.h"

#include <re2/re2.h>

namespace mesh::policy {
namespace {

std::unique_ptr<const re2::RE2> compiled(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_max_mem(static_cast<std::int64_t>(Regex::kMaxMemory));
  options.set_log_errors(false);
  options.set_never_capture(true);
  return std::make_unique<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()),
                                          options);
}

}  // namespace

Parsed<Regex> Regex::compile(std::string_view pattern) {
  auto program = compiled(pattern);
  if (!program->ok()) return violation("bad regular expression: " + program->error());
  return Regex(std::move(program));
}

Regex::Regex(std::unique_ptr<const re2::RE2> compiled) noexcept : compiled_(std::move(compiled)) {}
Regex::Regex(const Regex& other) : compiled_(compiled(other.pattern())) {}
Regex& Regex::operator=(const Regex& other) {
  if (this != &other) compiled_ = compiled(other.pattern());
  return *this;
}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

bool Regex::matches(std::string_view text) const {
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

std::string_view Regex::pattern() const noexcept { return compiled_->pattern(); }

}  // namespace mesh::policy
