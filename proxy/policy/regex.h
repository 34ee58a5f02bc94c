#pragma once
// Regex: a compiled pattern that must cover the whole text. Linear time, bounded memory (RE2).
//
// Copying compiles again, so copies share nothing and every worker may have its own. Matching a
// const Regex is safe from several threads; after its first uses on a kind of text it does not
// allocate (RE2 builds its automaton as it goes).

#include <memory>
#include <string_view>

#include "proxy/policy/parsed.h"

namespace re2 {
class RE2;
}

namespace mesh::policy {

class Regex {
 public:
  static constexpr std::size_t kMaxMemory = 1 << 20;  // of program and automaton together

  static Parsed<Regex> compile(std::string_view pattern);

  Regex(const Regex& other);
  Regex& operator=(const Regex& other);
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  bool matches(std::string_view text) const;
  std::string_view pattern() const noexcept;

 private:
  explicit Regex(std::unique_ptr<const re2::RE2> compiled) noexcept;

  std::unique_ptr<const re2::RE2> compiled_;
};

}  // namespace mesh::policy
