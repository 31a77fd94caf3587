"""A mail server on a port of this machine: takes mail, upgrades to TLS, or refuses at the step that a test names."""

import datetime
import socketserver
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(frozen=True)
class Taken:
    """A mail that the server took. encrypted: whether it came over TLS."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    encrypted: bool


@dataclass
class Box:
    """answers  what is said instead of "250", by the step: {"RCPT": "550 5.1.1 No such user"}; changed while it runs"""

    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)


class _Session(socketserver.StreamRequestHandler):
    timeout = 10

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        box, context = self.server.box, self.server.context
        sender, recipients, encrypted = "", [], False
        self.say("220 mail.test ESMTP")
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            step = line.split(" ")[0].upper()
            box.said.append(step)
            if refusal := box.answers.get(step):
                self.say(refusal)
            elif step == "EHLO":
                self.say("250-mail.test")
                self.say("250-STARTTLS" if context and not encrypted else "250-8BITMIME")
                self.say("250 SIZE 1000000")
            elif step == "STARTTLS":
                self.say("220 Go ahead")
                self.request = context.wrap_socket(self.request, server_side=True)
                self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", buffering=0)
                encrypted = True
            elif step == "MAIL":
                sender, recipients = line, []
                self.say("250 OK")
            elif step == "RCPT":
                recipients.append(line[line.index("<") + 1 : line.rindex(">")])
                self.say("250 OK")
            elif step == "DATA":
                self.say("354 Go ahead")
                data = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    data += part
                if refusal := box.answers.get("END"):
                    self.say(refusal)
                    continue
                box.taken.append(Taken(sender, tuple(recipients), data, encrypted))
                self.say("250 Taken")
            elif step == "QUIT":
                self.say("221 Bye")
                return
            else:
                self.say("250 OK")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that does not trust the certificate hangs up: that is what a test is about."""


@contextmanager
def smtp_server(certificate: tuple[Path, Path] | None = None):
    """A server for the block; with a certificate (and its key) it offers STARTTLS."""
    with _Server(("127.0.0.1", 0), _Session) as server:
        server.context = None
        if certificate:
            server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server.context.load_cert_chain(*certificate)
        server.box = Box(port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.box
        finally:
            server.shutdown()
            thread.join()


def certificate_for(name: str, folder: Path) -> tuple[Path, Path]:
    """A certificate for a host name that nobody trusts until told to, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "mail.crt", folder / "mail.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths
