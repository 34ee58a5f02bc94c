#pragma once
// NetlinkSocket: one conversation with the netfilter part of the kernel.
//
// The kernel works on a request before sendto returns, so all of its answer can be read at once and
// nothing here ever waits. Needs CAP_NET_ADMIN in the user namespace that owns the network
// namespace; without it the kernel answers EPERM, which becomes the Failure's errno.

#include <cstddef>
#include <span>
#include <vector>

#include "proxy/init/failure.h"
#include "proxy/init/file_descriptor.h"

namespace mesh::init {

struct NetlinkAnswer {
  std::vector<std::byte> messages;  // data messages, one behind the other, 4-byte aligned
  bool interrupted = false;         // the ruleset changed while it was listed: ask again
};

class NetlinkSocket {
 public:
  // Fails with EPROTONOSUPPORT where the kernel has no netfilter netlink.
  static Outcome<NetlinkSocket> open();

  // Fails with the kernel's first error, or when the kernel does not confirm the request.
  Outcome<NetlinkAnswer> exchange(std::span<const std::byte> request);

 private:
  explicit NetlinkSocket(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {}
  Outcome<void> send(std::span<const std::byte> request);

  FileDescriptor descriptor_;
};

}  // namespace mesh::init
