#include "proxy/init/options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace mesh::init {
namespace {

using std::string_view;

// One pass over the arguments. Each take_* handles the value of one option of the table below.
class Reader {
 public:
  CommandLine read(std::span<const char* const> arguments);

  template <std::uint16_t Options::* Port>
  void take_port(string_view value);
  template <std::vector<PortRange> Options::* Ports>
  void take_ports(string_view value);
  template <std::vector<Subnet> Options::*... Subnets>
  void take_subnets(string_view value);
  void take_proxy_uid(string_view value) { line_.options.proxy_uid = id_from(value); }
  void take_proxy_gid(string_view value) { line_.options.proxy_gid = id_from(value); }
  void take_backend(string_view value);
  void take_ipv4_only(string_view) { line_.options.ipv4_only = true; }
  void take_dry_run(string_view) { line_.options.dry_run = true; }
  void take_remove(string_view) { take_action(Action::remove); }
  void take_help(string_view) { take_action(Action::help); }
  void take_version(string_view) { take_action(Action::version); }

 private:
  std::uint32_t id_from(string_view value);
  void take_action(Action action);
  void take_argument(string_view argument);
  void fault(string_view value, string_view what);
  void finish();
  void check_ports();

  CommandLine line_;
  std::span<const char* const> rest_;
  string_view name_;  // of the option being read
};

struct Row {
  string_view name;
  string_view value;  // how --help calls it; empty when the option takes none
  string_view help;
  void (Reader::*take)(string_view value);
};

// The help of an option may hold several lines.
constexpr std::array kRows{
    Row{"--outbound-port", "PORT", "where outbound connections are sent (default 4140)",
        &Reader::take_port<&Options::outbound_port>},
    Row{"--inbound-port", "PORT", "where inbound connections are sent (default 4143)",
        &Reader::take_port<&Options::inbound_port>},
    Row{"--control-port", "PORT", "inbound port that the proxy itself serves (default 4190)",
        &Reader::take_port<&Options::control_port>},
    Row{"--admin-port", "PORT", "inbound port that the proxy itself serves (default 4191)",
        &Reader::take_port<&Options::admin_port>},
    Row{"--proxy-uid", "UID", "user of the proxy, whose connections stay as they are (2102)",
        &Reader::take_proxy_uid},
    Row{"--proxy-gid", "GID", "leave the connections of this group alone, too",
        &Reader::take_proxy_gid},
    Row{"--inbound-ports", "PORTS", "redirect only these inbound ports (default: all)",
        &Reader::take_ports<&Options::inbound_ports>},
    Row{"--skip-inbound-ports", "PORTS", "inbound ports to leave alone",
        &Reader::take_ports<&Options::skip_inbound_ports>},
    Row{"--skip-outbound-ports", "PORTS", "destination ports to leave alone; 53 always is",
        &Reader::take_ports<&Options::skip_outbound_ports>},
    Row{"--skip-subnets", "SUBNETS", "leave connections from and to these alone",
        &Reader::take_subnets<&Options::skip_inbound_subnets, &Options::skip_outbound_subnets>},
    Row{"--skip-inbound-subnets", "SUBNETS", "leave connections from these alone",
        &Reader::take_subnets<&Options::skip_inbound_subnets>},
    Row{"--skip-outbound-subnets", "SUBNETS", "leave connections to these alone",
        &Reader::take_subnets<&Options::skip_outbound_subnets>},
    Row{"--ipv4-only", "", "leave IPv6 alone", &Reader::take_ipv4_only},
    Row{"--backend", "NAME",
        "auto, nftables or iptables (default auto: nftables, or iptables\n"
        "where the kernel has no nf_tables)",
        &Reader::take_backend},
    Row{"--dry-run", "", "print the rules and change nothing; needs no privilege",
        &Reader::take_dry_run},
    Row{"--remove", "", "remove the rules instead; succeeds when there are none",
        &Reader::take_remove},
    Row{"--help", "", "print this text", &Reader::take_help},
    Row{"--version", "", "print the version", &Reader::take_version},
};

CommandLine Reader::read(std::span<const char* const> arguments) {
  rest_ = arguments;
  while (!rest_.empty()) {
    const string_view argument = rest_.front();
    rest_ = rest_.subspan(1);
    take_argument(argument);
  }
  finish();
  return std::move(line_);
}

void Reader::take_argument(string_view argument) {
  const std::size_t equals = argument.find('=');
  name_ = argument.substr(0, equals);
  const Row* row = nullptr;
  for (const Row& candidate : kRows)
    if (candidate.name == name_) row = &candidate;
  if (row == nullptr) {
    line_.faults.push_back("unknown argument \"" + std::string(argument) + "\"");
    return;
  }

  const bool has_value = equals != string_view::npos;
  if (row->value.empty()) {
    if (has_value) return fault(argument.substr(equals + 1), "given, but it takes no value");
    return (this->*row->take)({});
  }
  if (has_value) return (this->*row->take)(argument.substr(equals + 1));
  if (rest_.empty()) {
    line_.faults.push_back(std::string(name_) + " needs a value");
    return;
  }
  const string_view value = rest_.front();
  rest_ = rest_.subspan(1);
  (this->*row->take)(value);
}

void Reader::fault(string_view value, string_view what) {
  line_.faults.push_back(std::string(name_) + ": \"" + std::string(value) + "\" is " +
                         std::string(what));
}

// Calls `take` with each item between commas. Empty items are allowed, as templates leave them.
template <class Take>
void each_item(string_view list, Take take) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (comma > 0) take(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

template <std::uint16_t Options::* Port>
void Reader::take_port(string_view value) {
  const auto parsed = parse_port(value);
  if (!parsed) return fault(value, parsed.error());
  line_.options.*Port = *parsed;
}

template <std::vector<PortRange> Options::* Ports>
void Reader::take_ports(string_view value) {
  each_item(value, [this](string_view item) {
    const auto parsed = parse_port_range(item);
    if (!parsed) return fault(item, parsed.error());
    (line_.options.*Ports).push_back(*parsed);
  });
}

template <std::vector<Subnet> Options::*... Subnets>
void Reader::take_subnets(string_view value) {
  each_item(value, [this](string_view item) {
    const auto parsed = parse_subnet(item);
    if (!parsed) return fault(item, parsed.error());
    ((line_.options.*Subnets).push_back(*parsed), ...);
  });
}

std::uint32_t Reader::id_from(string_view value) {
  std::uint32_t id = 0;
  const char* begin = value.data();
  const char* end = begin + value.size();
  const auto [rest, failure] = std::from_chars(begin, end, id);
  // The highest number is how the kernel says "no user".
  if (failure != std::errc() || rest != end || id == UINT32_MAX) fault(value, "not a numeric id");
  return id;
}

void Reader::take_backend(string_view value) {
  if (value == "auto")
    line_.options.backend = Backend::automatic;
  else if (value == "nftables")
    line_.options.backend = Backend::nftables;
  else if (value == "iptables")
    line_.options.backend = Backend::iptables;
  else
    fault(value, "not auto, nftables or iptables");
}

// --help wins over --version, and both over all that does something.
void Reader::take_action(Action action) {
  line_.options.action = std::max(line_.options.action, action, [](Action a, Action b) {
    return a != Action::help && (b == Action::help || a < b);
  });
}

void Reader::finish() {
  Options& options = line_.options;
  for (auto* ports :
       {&options.inbound_ports, &options.skip_inbound_ports, &options.skip_outbound_ports})
    *ports = merged(std::move(*ports));
  for (auto* subnets : {&options.skip_inbound_subnets, &options.skip_outbound_subnets})
    *subnets = sorted(std::move(*subnets));
  check_ports();
}

void Reader::check_ports() {
  const Options& options = line_.options;
  const std::array<std::uint16_t, 4> ports{options.outbound_port, options.inbound_port,
                                           options.control_port, options.admin_port};
  for (auto port = ports.begin(); port != ports.end(); ++port)
    if (std::find(port + 1, ports.end(), *port) != ports.end())
      line_.faults.push_back("the proxy cannot use port " + std::to_string(*port) + " twice");
}

}  // namespace

CommandLine parse(std::span<const char* const> arguments) { return Reader().read(arguments); }

std::string help_text() {
  constexpr std::size_t kColumn = 35;
  std::string text =
      "usage: mesh-init [option...]\n\n"
      "Sends every TCP connection of the current network namespace through mesh-proxy, until\n"
      "--remove. Connections that are already open, loopback traffic, DNS and the proxy's own\n"
      "connections are left alone. Needs the capability CAP_NET_ADMIN.\n\n";
  for (const Row& row : kRows) {
    std::string left = "  " + std::string(row.name);
    if (!row.value.empty()) left += " " + std::string(row.value);
    left.resize(std::max(left.size(), kColumn), ' ');
    text += left;
    for (const char c : row.help) {
      text += c;
      if (c == '\n') text.append(kColumn, ' ');
    }
    text += '\n';
  }
  return text +
         "\nPORTS is a list like 25,4567-4568; SUBNETS is a list like 10.0.0.0/8,fd00::/8.\n"
         "exit codes: 0 done, 1 failed, 64 wrong arguments, 77 not permitted\n";
}

}  // namespace mesh::init
