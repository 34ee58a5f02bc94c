// The table of settings as text: for --help and for docs/settings.md.

#include "proxy/setting_table.h"
#include "proxy/settings.h"

namespace mesh {
namespace {

constexpr std::size_t kColumns = 96;

// Breaks `text` between words, each line after `indent` blanks.
void append_wrapped(std::string& out, std::string_view text, std::size_t indent) {
  std::size_t column = kColumns;
  for (const std::string_view word : split(text, ' ')) {
    if (column + 1 + word.size() > kColumns) {
      out.append(column == kColumns ? "" : "\n").append(indent, ' ');
      column = indent;
    } else {
      out.push_back(' ');
      ++column;
    }
    out.append(word);
    column += word.size();
  }
  out.push_back('\n');
}

// "(none)" is an explanation as it stands, "10s" is a value.
std::string_view without_brackets(std::string_view unset) {
  return unset.starts_with('(') ? unset.substr(1, unset.size() - 2) : unset;
}

std::string markdown_default(std::string_view unset) {
  if (unset.starts_with('(')) return std::string(without_brackets(unset));
  return "`" + std::string(unset) + "`";
}

}  // namespace

std::string help_text() {
  std::string text =
      "mesh-proxy: the proxy beside a workload, which carries all of its TCP traffic.\n\n"
      "Usage: mesh-proxy [--help | --version]\n\n"
      "It is told everything by environment variables. Each may also begin with LINKERD2_PROXY_;\n"
      "MESH_PROXY_ goes before. A wrong setting ends it with exit code 64.\n";
  for (const auto& group : settings::setting_groups()) {
    text.append("\n").append(group.title).append("\n");
    for (const auto& setting : group.settings) {
      text.append("  MESH_PROXY_").append(setting.full_name());
      text.append("  (").append(setting.kind).append("; default: ");
      text.append(without_brackets(setting.unset)).append(")\n");
      append_wrapped(text, setting.meaning, 6);
    }
  }
  return text;
}

std::string settings_markdown() {
  std::string text =
      "# Settings of mesh-proxy\n\n"
      "Made from the table in `proxy/setting_table.h`; `mesh-proxy --help` prints the same.\n\n"
      "Every setting is an environment variable. Its name may begin with `LINKERD2_PROXY_` "
      "instead\n"
      "of `MESH_PROXY_`; where both are set, `MESH_PROXY_` counts. Variables without a meaning "
      "are\n"
      "ignored. Faults are reported all at once, and end the program with exit code 64.\n\n"
      "| kind | how it is written |\n|---|---|\n"
      "| duration | digits and a unit: `ms`, `s`, `m`, `h`, `d`; `0` needs none |\n"
      "| bool | `true` or `false` |\n"
      "| ports | ports and ranges between commas: `80,8000-8010` |\n"
      "| networks | CIDR blocks and addresses between commas: `10.0.0.0/8,fd00::/8` |\n"
      "| suffixes | DNS names between commas; `.` is every name, nothing is none |\n"
      "| address | an IP address and a port: `127.0.0.1:4140`, `[::1]:4140` |\n";
  for (const auto& group : settings::setting_groups()) {
    text.append("\n## ").append(group.title);
    text.append("\n\n| name | kind | default | meaning |\n|---|---|---|---|\n");
    for (const auto& setting : group.settings) {
      text.append("| `MESH_PROXY_").append(setting.full_name()).append("` | ");
      text.append(setting.kind).append(" | ").append(markdown_default(setting.unset));
      text.append(" | ").append(setting.meaning).append(" |\n");
    }
  }
  return text;
}

}  // namespace mesh
