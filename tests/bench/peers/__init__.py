"""The proxies that the benchmark compares, each as a pair of sidecars between client and app."""

from peers.envoy import Envoy
from peers.haproxy import Haproxy
from peers.mesh import Mesh
from peers.nginx import Nginx
from peers.none import NoProxy

ALL = (NoProxy, Mesh, Haproxy, Envoy, Nginx)
