"""No proxy: what client and app do alone on this machine."""

from peers.pair import Pair


class NoProxy(Pair):
    name = "none"
    title = "no proxy"

    def start(self) -> None:
        self.target = self.server.address
        super().start()
