"""Requests that go to an address that was looked at, under the name that they have."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from reactory.exceptions import RemoteUnavailableError, StepTimeoutError
from reactory.steps.builtin.addresses import AddressGuard
from reactory.steps.builtin.outbound import Outbound, Outgoing

NAME = "api.test"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = str(self.headers["host"]).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing on the console."""


def certificate(folder: Path) -> Path:
    """A key and a certificate of NAME that signs itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "server.pem"
    file.write_bytes(private + made.public_bytes(pem))
    return file


class Secure:
    """An HTTPS server for NAME; ``asked_for`` are the names that clients asked for in the handshake."""

    def __init__(self, folder: Path) -> None:
        self.file = certificate(folder)
        self.asked_for: list[str | None] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        context.sni_callback = lambda _socket, name, _context: self.asked_for.append(name)
        self._http = HTTPServer(("127.0.0.1", 0), Handler)
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self._http.handle_error = lambda *_: None  # type: ignore[method-assign]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        self.port = self._http.server_address[1]

    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.file))

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Secure]:
    made = Secure(tmp_path)
    yield made
    made.close()


def get(url: str) -> Outgoing:
    return Outgoing("GET", httpx2.URL(url), httpx2.Headers())


def test_the_name_is_resolved_once_and_kept_for_the_handshake_and_the_server(secure: Secure) -> None:
    """YF-3: what is connected to is the address that was looked at, whatever the name means a moment later."""
    answers = [["127.0.0.1"], ["10.255.255.1"]]
    guard = AddressGuard(["127.0.0.0/8"], lambda host, port: answers.pop(0))
    answer = Outbound(guard, secure.trusting).send(get(f"https://{NAME}:{secure.port}/"), 5)
    assert answer.body.decode() == f"{NAME}:{secure.port}"
    assert secure.asked_for == [NAME]
    assert len(answers) == 1


def test_a_certificate_of_another_name_is_refused(secure: Secure) -> None:
    """YF-3: the certificate is checked against the name of the URL."""
    guard = AddressGuard(["127.0.0.0/8"], lambda host, port: ["127.0.0.1"])
    with pytest.raises(RemoteUnavailableError, match="cannot be reached"):
        Outbound(guard, secure.trusting).send(get(f"https://other.test:{secure.port}/"), 5)


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 200 OK\r\nx: ", b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n"])
def test_an_answer_in_drops_does_not_go_on_for_ever(begin: bytes) -> None:
    """YF-6: the time is that of the whole call; each byte that comes does not begin it anew."""
    seconds = [0.0]
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            """Each drop takes ten seconds; there are many more of them than the call has time for."""
            talking, _ = listening.accept()
            with talking, contextlib.suppress(OSError):
                talking.recv(65_536)
                talking.sendall(begin)
                for _ in range(500):
                    seconds[0] += 10
                    talking.sendall(b"a")

        dripping = threading.Thread(target=drip)
        dripping.start()
        guard = AddressGuard(["127.0.0.1"])
        outbound = Outbound(guard, ssl.create_default_context, lambda: seconds[0])
        with pytest.raises(StepTimeoutError, match="did not answer in time"):
            outbound.send(get(f"http://127.0.0.1:{listening.getsockname()[1]}/"), 30)
        dripping.join()


def test_another_address_of_the_name_is_tried(secure: Secure) -> None:
    """EH-1: one address that does not answer is no reason to fail."""
    guard = AddressGuard(["127.0.0.0/8", "::1"], lambda host, port: ["::1", "127.0.0.1"])
    assert Outbound(guard, secure.trusting).send(get(f"https://{NAME}:{secure.port}/"), 5).status == 200
