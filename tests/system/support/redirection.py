"""Arms redirection in a namespace: with mesh-init when it is built, else with rules equal to it."""

import subprocess

from support import programs

PROXY_USER = 2102

RULES = f"""
table inet mesh_test {{
  chain output {{
    type nat hook output priority -100; policy accept;
    oifname "lo" accept
    meta skuid {PROXY_USER} accept
    meta l4proto tcp redirect to :4140
  }}
  chain prerouting {{
    type nat hook prerouting priority -100; policy accept;
    iifname "lo" accept
    tcp dport {{ 4190, 4191 }} accept
    meta l4proto tcp redirect to :4143
  }}
}}
"""


def arm(namespace) -> None:
    mesh_init = programs.built("mesh-init")
    if mesh_init:
        namespace.run([str(mesh_init)])
    else:
        arm_with_nft(namespace)


def arm_with_nft(namespace) -> None:
    subprocess.run(namespace.command(["nft", "-f", "-"]), input=RULES, text=True, check=True)
