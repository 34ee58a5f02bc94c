#include "meshkit/async/deadline.h"

namespace mesh {

void Deadline::on_expired() { expired_(); }

}  // namespace mesh
