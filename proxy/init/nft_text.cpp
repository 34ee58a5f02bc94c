#include "proxy/init/nft_text.h"

namespace mesh::init {
namespace {

// A match as text depends on the chain it stands in: which end is far, which interface counts.
struct MatchText {
  Direction direction;

  bool outbound() const { return direction == Direction::outbound; }
  std::string operator()(FirstSegment) const { return "tcp flags syn / fin,syn,rst,ack"; }
  std::string operator()(Loopback) const {
    return outbound() ? "oifname \"lo\"" : "iifname \"lo\"";
  }
  std::string operator()(PassingThrough) const { return "fib daddr type != local"; }
  std::string operator()(User user) const { return "meta skuid " + std::to_string(user.id); }
  std::string operator()(Group group) const { return "meta skgid " + std::to_string(group.id); }
  std::string operator()(ToPorts to) const { return "tcp dport " + to_text(to.ports); }
  std::string operator()(const FarEnd& far) const {
    const std::string version = far.subnet.version == IpVersion::v4 ? "ip" : "ip6";
    return version + (outbound() ? " daddr " : " saddr ") + to_text(far.subnet);
  }
};

std::string text_of(Direction direction, const Rule& rule) {
  std::string text;
  for (const Match& match : rule.matches) text += std::visit(MatchText{direction}, match) + " ";
  text += rule.redirect_to ? "redirect to :" + std::to_string(*rule.redirect_to) : "accept";
  return text + " comment \"" + std::string(rule.why) + "\"";
}

std::string text_of(const Chain& chain) {
  // nft 1.0.6 knows the name of this priority (-100) in prerouting only.
  const char* hook = chain.direction == Direction::outbound ? "output priority -100"
                                                            : "prerouting priority dstnat";
  std::string text = "\tchain " + std::string(name_of(chain.direction)) + " {\n";
  text += "\t\ttype nat hook " + std::string(hook) + "; policy accept;\n";
  for (const Rule& rule : chain.rules) text += "\t\t" + text_of(chain.direction, rule) + "\n";
  return text + "\t}\n";
}

}  // namespace

std::string nft_text(const Redirection& redirection) {
  const char* family = redirection.family == Family::both ? "inet" : "ip";
  return "table " + std::string(family) + " mesh {\n" + text_of(redirection.chains[0]) + "\n" +
         text_of(redirection.chains[1]) + "}\n";
}

// To add a table that exists is no error, and makes the deletion safe.
std::string nft_removal_text() {
  return "table inet mesh\ndelete table inet mesh\ntable ip mesh\ndelete table ip mesh\n";
}

}  // namespace mesh::init
