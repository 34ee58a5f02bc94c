#pragma once
// LabelText: the labels of one series as the text format writes them:
// `direction="inbound",tls="true"`.
//
// The text is at the same time the key of a series: two series with equal labels, in the same
// order, are one, also those of different threads. Made once when a series is, never per event.

#include <cstdint>
#include <string>
#include <string_view>

namespace mesh::metrics {

class LabelText {
 public:
  LabelText() = default;

  // `name` is a label's name already; the value is escaped, and what is not UTF-8 replaced.
  LabelText& add(std::string_view name, std::string_view value);
  LabelText& add(std::string_view name, std::uint64_t value);
  // Labels of another LabelText, after those that are there.
  LabelText& add(const LabelText& more);

  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

}  // namespace mesh::metrics
