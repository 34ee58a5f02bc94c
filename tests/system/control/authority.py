"""The certificate authority of the tests: P-256 roots, one issuer under each, short-lived leaves.

Kept in a directory, so that a control plane that was killed comes back with the same trust.
"""

import datetime
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DER = serialization.Encoding.DER
PEM = serialization.Encoding.PEM


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


@dataclass
class Pair:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def certificate_pem(self) -> str:
        return self.certificate.public_bytes(PEM).decode()

    def key_pem(self) -> str:
        return self.key.private_bytes(
            PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


class Authority:
    """Roots by name; `signer` is the one whose issuer signs new leaves."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._pairs: dict[str, Pair] = {}
        self.signer = "first"
        self.create("first")

    def create(self, name: str) -> str:
        """Makes the root `name` with its issuer unless it exists; returns the root's PEM."""
        root = self._load(f"{name}-root") or self._make(f"{name}-root", None)
        if not self._load(f"{name}-issuer"):
            self._make(f"{name}-issuer", root)
        return root.certificate_pem()

    def issuer(self, name: str | None = None) -> Pair:
        pair = self._load(f"{name or self.signer}-issuer")
        if pair is None:
            raise KeyError(f"no such root: {name}")
        return pair

    def sign(self, public_key, identity: str, lifetime: float, root: str | None = None):
        """A leaf for `identity` (a DNS name, or a URI when it has a scheme)."""
        issuer = self.issuer(root)
        until = now() + datetime.timedelta(seconds=lifetime)
        leaf = _builder(identity, public_key, issuer.certificate.subject, until)
        leaf = leaf.add_extension(x509.SubjectAlternativeName([_general_name(identity)]), False)
        leaf = leaf.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        usage = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        leaf = leaf.add_extension(x509.ExtendedKeyUsage(usage), False)
        return leaf.sign(issuer.key, hashes.SHA256())

    def issue(self, identity: str, lifetime: float = 3600, root: str | None = None) -> dict:
        """A key and its chain in PEM, for programs that stand in for a proxy."""
        key = ec.generate_private_key(ec.SECP256R1())
        pair = Pair(self.sign(key.public_key(), identity, lifetime, root), key)
        chain = pair.certificate_pem() + self.issuer(root).certificate_pem()
        return {"key": pair.key_pem(), "chain": chain}

    def _load(self, name: str) -> Pair | None:
        if name not in self._pairs and (self._folder / f"{name}.key").exists():
            pem = {kind: (self._folder / f"{name}.{kind}").read_bytes() for kind in ("crt", "key")}
            certificate = x509.load_pem_x509_certificate(pem["crt"])
            key = serialization.load_pem_private_key(pem["key"], password=None)
            self._pairs[name] = Pair(certificate, key)
        return self._pairs.get(name)

    def _make(self, name: str, issuer: Pair | None) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        until = now() + datetime.timedelta(days=30)
        subject = issuer.certificate.subject if issuer else _name(name)
        certificate = _builder(name, key.public_key(), subject, until)
        depth = 0 if issuer else 1
        certificate = certificate.add_extension(x509.BasicConstraints(True, depth), True)
        certificate = certificate.add_extension(_certificate_signing(), True)
        pair = Pair(certificate.sign(issuer.key if issuer else key, hashes.SHA256()), key)
        self._pairs[name] = pair
        (self._folder / f"{name}.crt").write_text(pair.certificate_pem(), encoding="ascii")
        (self._folder / f"{name}.key").write_text(pair.key_pem(), encoding="ascii")
        return pair


def read_request(der: bytes, identity: str):
    """The public key of a signing request; ValueError says what is wrong with it."""
    request = x509.load_der_x509_csr(der)
    if not request.is_signature_valid:
        raise ValueError("the request's signature does not verify")
    key = request.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise ValueError("the key is not P-256")
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if [n.value for n in names] != [identity]:
        raise ValueError(f"the names {[n.value for n in names]} are not just {identity}")
    return key


def _builder(name: str, public_key, issuer: x509.Name, until: datetime.datetime):
    builder = x509.CertificateBuilder().subject_name(_name(name)).issuer_name(issuer)
    builder = builder.public_key(public_key).serial_number(x509.random_serial_number())
    start = now() - datetime.timedelta(seconds=10)
    return builder.not_valid_before(start).not_valid_after(until)


def _name(text: str) -> x509.Name:
    # A common name has at most 64 characters; identities are longer, and nobody reads it there.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _general_name(identity: str) -> x509.GeneralName:
    if "://" in identity:
        return x509.UniformResourceIdentifier(identity)
    return x509.DNSName(identity)


def _certificate_signing() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
        encipher_only=False, decipher_only=False)
