#include "proxy/init/netlink_socket.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>
#include <string>

#include "proxy/init/netlink_attributes.h"

namespace mesh::init {
namespace {

// Longer than the kernel's longest piece of a listing.
constexpr std::size_t kReceiveRoom = 64 * 1024;
// What a socket takes in one message unless told otherwise, with a margin.
constexpr std::size_t kUsualSendRoom = 128 * 1024;

// The kernel's own words on an error, where it has any: an attribute behind the message that was
// refused, of which NETLINK_CAP_ACK leaves only the head.
std::string words_of_the_kernel(const nlmsghdr* error) {
  if ((error->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
  std::string words;
  mnl_attr_parse(
      error, sizeof(nlmsgerr),
      [](const nlattr* attribute, void* data) {
        if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG &&
            mnl_attr_validate(attribute, AttributeKind::terminated_string) == 0)
          *static_cast<std::string*>(data) = mnl_attr_get_str(attribute);
        return 1;
      },
      &words);
  return words;
}

// Collects an answer from the datagrams that it comes in.
class AnswerReader {
 public:
  void take(std::span<const std::byte> datagram);
  // The socket lost messages; an error that is found elsewhere says more.
  void overrun() { lost_ = true; }
  Outcome<NetlinkAnswer> finish();

 private:
  void take_message(const nlmsghdr* message);
  void take_end(const nlmsghdr* message);
  void take_error(const nlmsghdr* message);
  void take_result(int result, const std::string& words);

  NetlinkAnswer answer_;
  std::optional<Failure> failure_;
  bool confirmed_ = false;
  bool lost_ = false;
};

void AnswerReader::take(std::span<const std::byte> datagram) {
  while (datagram.size() >= sizeof(nlmsghdr)) {
    const auto* message = reinterpret_cast<const nlmsghdr*>(datagram.data());
    if (message->nlmsg_len < sizeof(nlmsghdr) || message->nlmsg_len > datagram.size()) return;
    take_message(message);
    datagram =
        datagram.subspan(std::min<std::size_t>(NLMSG_ALIGN(message->nlmsg_len), datagram.size()));
  }
}

void AnswerReader::take_message(const nlmsghdr* message) {
  if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) answer_.interrupted = true;
  switch (message->nlmsg_type) {
    case NLMSG_ERROR: return take_error(message);
    case NLMSG_DONE: return take_end(message);
    case NLMSG_NOOP: return;
    case NLMSG_OVERRUN: return overrun();
    default: break;
  }
  const auto* bytes = reinterpret_cast<const std::byte*>(message);
  answer_.messages.insert(answer_.messages.end(), bytes, bytes + message->nlmsg_len);
  answer_.messages.resize(NLMSG_ALIGN(answer_.messages.size()));
}

// A listing ends with a number, which is negative when it broke off.
void AnswerReader::take_end(const nlmsghdr* message) {
  int result = 0;
  if (message->nlmsg_len >= NLMSG_LENGTH(sizeof result))
    std::memcpy(&result, mnl_nlmsg_get_payload(message), sizeof result);
  take_result(result, {});
}

void AnswerReader::take_error(const nlmsghdr* message) {
  if (message->nlmsg_len < NLMSG_LENGTH(sizeof(nlmsgerr))) return;
  const auto* error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message));
  take_result(error->error, words_of_the_kernel(message));
}

void AnswerReader::take_result(int result, const std::string& words) {
  if (result >= 0) {
    confirmed_ = true;
    return;
  }
  if (failure_) return;
  failure_ = Failure{std::string("the kernel says: ") + std::strerror(-result) +
                         (words.empty() ? "" : " (" + words + ")"),
                     -result};
}

Outcome<NetlinkAnswer> AnswerReader::finish() {
  if (failure_) return tl::unexpected(std::move(*failure_));
  if (lost_) return failed("the kernel's answer was too long to read", ENOBUFS);
  if (!confirmed_) return failed("the kernel did not confirm the request", EPROTO);
  return std::move(answer_);
}

}  // namespace

Outcome<NetlinkSocket> NetlinkSocket::open() {
  FileDescriptor descriptor(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  if (!descriptor.is_open())
    return failed(std::string("cannot open a netfilter socket: ") + std::strerror(errno), errno);

  // Both only improve what errors say; kernels without them are served as well.
  const int on = 1;
  (void)::setsockopt(descriptor.number(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  (void)::setsockopt(descriptor.number(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  return NetlinkSocket(std::move(descriptor));
}

Outcome<NetlinkAnswer> NetlinkSocket::exchange(std::span<const std::byte> request) {
  if (auto sent = send(request); !sent) return tl::unexpected(std::move(sent.error()));

  AnswerReader reader;
  std::vector<std::byte> room(kReceiveRoom);
  while (true) {
    const ssize_t size = ::recv(descriptor_.number(), room.data(), room.size(), MSG_DONTWAIT);
    if (size >= 0)
      reader.take(std::span(room).first(static_cast<std::size_t>(size)));
    else if (errno == ENOBUFS)
      reader.overrun();
    else if (errno != EINTR)
      break;  // EAGAIN: that was all
  }
  return reader.finish();
}

Outcome<void> NetlinkSocket::send(std::span<const std::byte> request) {
  if (request.size() > kUsualSendRoom) {
    // Not permitted inside a user namespace; then the usual room has to do, or sendto says so.
    const int room = static_cast<int>(request.size());
    (void)::setsockopt(descriptor_.number(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
  }
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const ssize_t sent = ::sendto(descriptor_.number(), request.data(), request.size(), 0,
                                reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
  if (sent == static_cast<ssize_t>(request.size())) return {};
  if (errno == EMSGSIZE) return failed("too many rules for one transaction", EMSGSIZE);
  return failed(std::string("cannot send to the kernel: ") + std::strerror(errno), errno);
}

}  // namespace mesh::init
