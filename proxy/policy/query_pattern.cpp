#include "proxy/policy/query_pattern.h"

#include <algorithm>
#include <array>
#include <optional>

namespace mesh::policy {
namespace {

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Writes at most encoded.size() bytes and returns how many. A '%' that is no escape stays itself.
std::size_t decode(std::string_view encoded, char* out) noexcept {
  std::size_t size = 0;
  for (std::size_t at = 0; at < encoded.size(); ++at) {
    char c = encoded[at] == '+' ? ' ' : encoded[at];
    if (c == '%' && at + 2 < encoded.size()) {
      const int high = hex_value(encoded[at + 1]);
      const int low = hex_value(encoded[at + 2]);
      if (high >= 0 && low >= 0) {
        c = static_cast<char>(high * 16 + low);
        at += 2;
      }
    }
    out[size++] = c;
  }
  return size;
}

// A decoded part; a view of the encoded text where nothing was to be decoded.
class Decoded {
 public:
  explicit Decoded(std::string_view encoded) : text_(encoded) {
    if (encoded.find_first_of("%+") == std::string_view::npos) return;
    char* buffer = small_.data();
    if (encoded.size() > small_.size()) {
      large_.resize(encoded.size());
      buffer = large_.data();
    }
    text_ = std::string_view(buffer, decode(encoded, buffer));
  }
  Decoded(const Decoded&) = delete;
  Decoded& operator=(const Decoded&) = delete;

  std::string_view text() const noexcept { return text_; }

 private:
  std::array<char, 512> small_;
  std::string large_;
  std::string_view text_;
};

}  // namespace

bool QueryPattern::matches(std::string_view query) const {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (Decoded(pair.substr(0, equals)).text() == name_) {
      const std::string_view value = equals < pair.size() ? pair.substr(equals + 1) : "";
      if (value_.matches(Decoded(value).text())) return true;
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return false;
}

}  // namespace mesh::policy
