#include "proxy/init/iptables_text.h"

#include <algorithm>

namespace mesh::init {
namespace {

struct OwnChain {
  std::string_view name;
  std::string_view called_from;
};
constexpr std::array kOwnChains{
    OwnChain{"MESH_OUTBOUND", "OUTPUT"},
    OwnChain{"MESH_INBOUND", "PREROUTING"},
};

const OwnChain& chain_of(Direction direction) {
  return kOwnChains[direction == Direction::outbound ? 0 : 1];
}

// Each match gives its options alone; "-p tcp -m tcp" comes before the first that reads TCP.
struct MatchText {
  Direction direction;

  bool outbound() const { return direction == Direction::outbound; }
  std::string operator()(FirstSegment) const { return " --tcp-flags FIN,SYN,RST,ACK SYN"; }
  std::string operator()(Loopback) const { return outbound() ? " -o lo" : " -i lo"; }
  std::string operator()(PassingThrough) const { return " -m addrtype ! --dst-type LOCAL"; }
  std::string operator()(User user) const {
    return " -m owner --uid-owner " + std::to_string(user.id);
  }
  std::string operator()(Group group) const {
    return " -m owner --gid-owner " + std::to_string(group.id);
  }
  std::string operator()(ToPorts to) const {
    std::string ports = to_text(to.ports);
    if (const auto dash = ports.find('-'); dash != std::string::npos) ports[dash] = ':';
    return " --dport " + ports;
  }
  std::string operator()(const FarEnd& far) const {
    if (far.subnet.prefix == 0) return {};  // everything is what no option means
    std::string text = to_text(far.subnet);
    if (text.find('/') == std::string::npos) text += "/" + std::to_string(far.subnet.prefix);
    return (outbound() ? " -d " : " -s ") + text;
  }
};

bool is_of_other_version(const Rule& rule, IpVersion version) {
  for (const Match& match : rule.matches)
    if (const auto* far = std::get_if<FarEnd>(&match); far && far->subnet.version != version)
      return true;
  return false;
}

std::string line_of(Direction direction, const Rule& rule) {
  std::string line = "-A " + std::string(chain_of(direction).name);
  bool is_tcp = false;
  for (const Match& match : rule.matches) {
    const bool reads_tcp =
        std::holds_alternative<FirstSegment>(match) || std::holds_alternative<ToPorts>(match);
    if (reads_tcp && !is_tcp) line += " -p tcp -m tcp";
    is_tcp = is_tcp || reads_tcp;
    line += std::visit(MatchText{direction}, match);
  }
  if (!rule.redirect_to) return line + " -j RETURN";
  return line + " -j REDIRECT --to-ports " + std::to_string(*rule.redirect_to);
}

std::string declaration_of(const OwnChain& chain) {
  return ":" + std::string(chain.name) + " - [0:0]";
}

std::string jump_to(const OwnChain& chain) {
  return "-A " + std::string(chain.called_from) + " -p tcp -j " + std::string(chain.name);
}

// Calls `take` with each line of `text`, without its end.
template <class Take>
void each_line(std::string_view text, Take take) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

bool is_jump_to(std::string_view line, const OwnChain& chain) {
  return line.starts_with("-A ") && line.ends_with(" -j " + std::string(chain.name));
}

bool is_in(std::string_view line, const OwnChain& chain) {
  return line.starts_with("-A " + std::string(chain.name) + " ");
}

bool declares(std::string_view line, const OwnChain& chain) {
  return line == declaration_of(chain);
}

}  // namespace

std::array<std::string_view, 2> own_chain_names() {
  return {kOwnChains[0].name, kOwnChains[1].name};
}

std::vector<std::string> iptables_lines(const Redirection& redirection, IpVersion version) {
  std::vector<std::string> lines;
  if (redirection.family == Family::ipv4 && version == IpVersion::v6) return lines;
  for (const OwnChain& chain : kOwnChains) lines.push_back(declaration_of(chain));
  for (const OwnChain& chain : kOwnChains) lines.push_back(jump_to(chain));
  for (const Chain& chain : redirection.chains)
    for (const Rule& rule : chain.rules)
      if (!is_of_other_version(rule, version)) lines.push_back(line_of(chain.direction, rule));
  return lines;
}

std::vector<std::string> own_lines(std::string_view saved) {
  std::vector<std::string> lines;
  const auto collect = [&](auto is_wanted) {
    for (const OwnChain& chain : kOwnChains)
      each_line(saved, [&](std::string_view line) {
        if (is_wanted(line, chain)) lines.emplace_back(line);
      });
  };
  collect(declares);
  collect(is_jump_to);
  collect(is_in);
  return lines;
}

std::string restore_input(std::string_view saved, const std::vector<std::string>& wanted) {
  std::string input = "*nat\n";
  // A declared chain is made, or emptied when it exists.
  for (const OwnChain& chain : kOwnChains) input += declaration_of(chain) + "\n";
  each_line(saved, [&input](std::string_view line) {
    for (const OwnChain& chain : kOwnChains)
      if (is_jump_to(line, chain)) input += "-D" + std::string(line.substr(2)) + "\n";
  });
  for (const std::string& line : wanted)
    if (line.starts_with("-A ")) input += line + "\n";
  if (wanted.empty())
    for (const OwnChain& chain : kOwnChains) input += "-X " + std::string(chain.name) + "\n";
  return input + "COMMIT\n";
}

}  // namespace mesh::init
