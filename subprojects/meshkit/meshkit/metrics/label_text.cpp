#include "meshkit/metrics/label_text.h"

#include "meshkit/base/text.h"

namespace mesh::metrics {

LabelText& LabelText::add(std::string_view name, std::string_view value) {
  text_.append(text_.empty() ? "" : ",").append(name).append("=\"");
  while (!value.empty()) {
    const std::size_t special = std::min(value.find_first_of("\\\"\n"), value.size());
    const std::string_view plain = value.substr(0, special);
    if (is_utf8(plain)) {
      text_.append(plain);
    } else {
      for (const char c : plain) text_.push_back(static_cast<unsigned char>(c) < 0x80 ? c : '?');
    }
    value.remove_prefix(special);
    if (value.empty()) break;
    text_.push_back('\\');
    text_.push_back(value.front() == '\n' ? 'n' : value.front());
    value.remove_prefix(1);
  }
  text_.push_back('"');
  return *this;
}

LabelText& LabelText::add(std::string_view name, std::uint64_t value) {
  return add(name, std::to_string(value));
}

LabelText& LabelText::add(const LabelText& more) {
  if (!text_.empty() && !more.text_.empty()) text_.push_back(',');
  text_.append(more.text_);
  return *this;
}

}  // namespace mesh::metrics
