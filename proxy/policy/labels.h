#pragma once
// Labels: a small, ordered set of metric labels that somebody else chose.
//
// Bounded in number and size and made fit for a text exposition: names keep letters, digits and
// underscores, values keep printable ASCII; other bytes become underscores. Ordered by name, each
// name once, so that equal sets are equal values and render alike.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mesh::policy {

struct Label {
  std::string name;
  std::string value;

  friend bool operator==(const Label&, const Label&) = default;
};

class Labels {
 public:
  static constexpr std::size_t kMaxCount = 32;
  static constexpr std::size_t kMaxName = 64;
  static constexpr std::size_t kMaxValue = 256;

  // Replaces the value of a name that is there. Nameless labels, and new ones beyond kMaxCount, are
  // left out.
  void set(std::string_view name, std::string_view value);

  // Empty when there is none.
  std::string_view value(std::string_view name) const noexcept;
  std::span<const Label> all() const noexcept { return labels_; }

  friend bool operator==(const Labels&, const Labels&) = default;

 private:
  std::vector<Label> labels_;
};

}  // namespace mesh::policy
