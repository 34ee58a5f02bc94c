#include "proxy/init/nft_description.h"

#include <algorithm>

namespace mesh::init {
namespace {

std::string text_or_nothing(const char* text) { return text == nullptr ? "" : text; }

// libnftnl breaks the lines of a rule; one rule is to be one line.
std::string in_one_line(std::string text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\n'; };
  std::replace(text.begin(), text.end(), '\n', ' ');
  const auto end = std::unique(text.begin(), text.end(),
                               [&](char a, char b) { return is_blank(a) && is_blank(b); });
  text.erase(end, text.end());
  while (!text.empty() && is_blank(text.back())) text.pop_back();
  return text;
}

std::string line_at(const TableDescription& description, std::size_t index) {
  return index < description.lines.size() ? description.lines[index] : "nothing";
}

}  // namespace

std::string line_of(nftnl_table& table) {
  return "table flags " + std::to_string(nftnl_table_get_u32(&table, NFTNL_TABLE_FLAGS));
}

std::string line_of(nftnl_chain& chain) {
  std::string line = "chain " + text_or_nothing(nftnl_chain_get_str(&chain, NFTNL_CHAIN_NAME));
  if (!nftnl_chain_is_set(&chain, NFTNL_CHAIN_HOOKNUM)) return line;
  return line + " type " + text_or_nothing(nftnl_chain_get_str(&chain, NFTNL_CHAIN_TYPE)) +
         " hook " + std::to_string(nftnl_chain_get_u32(&chain, NFTNL_CHAIN_HOOKNUM)) +
         " priority " + std::to_string(nftnl_chain_get_s32(&chain, NFTNL_CHAIN_PRIO)) + " policy " +
         std::to_string(nftnl_chain_get_u32(&chain, NFTNL_CHAIN_POLICY));
}

std::string line_of(nftnl_rule& rule) {
  nftnl_rule_unset(&rule, NFTNL_RULE_HANDLE);
  nftnl_rule_unset(&rule, NFTNL_RULE_POSITION);
  std::string text(1024, '\0');
  while (true) {
    const int needed =
        nftnl_rule_snprintf(text.data(), text.size(), &rule, NFTNL_OUTPUT_DEFAULT, 0);
    if (needed < 0) return "a rule that cannot be read";
    const auto length = static_cast<std::size_t>(needed);
    const bool fits = length < text.size();
    text.resize(fits ? length : length * 2);
    if (fits) return in_one_line(std::move(text));
  }
}

TableDescription describe(const Redirection& redirection) {
  const Family family = redirection.family;
  TableDescription result{family, {line_of(*table_object(family))}};
  for (const Chain& chain : redirection.chains)
    result.lines.push_back(line_of(*chain_object(family, chain.direction)));
  for (const Chain& chain : redirection.chains)
    for (const Rule& rule : chain.rules)
      result.lines.push_back(line_of(*rule_object(family, chain.direction, rule)));
  return result;
}

std::string difference(const TableDescription& expected, const TableDescription& found) {
  const std::size_t count = std::max(expected.lines.size(), found.lines.size());
  for (std::size_t i = 0; i < count; ++i)
    if (line_at(expected, i) != line_at(found, i))
      return "expected " + line_at(expected, i) + ", found " + line_at(found, i);
  return "no difference";
}

}  // namespace mesh::init
