"""The step type ``api_call``, against a real server on this machine."""

from __future__ import annotations

import base64
import json
import logging
import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from reactory.exceptions import InvalidDefinitionError
from reactory.settings import Settings
from reactory.testing.engine import BEGIN

Document = dict[str, Any]


class Asked(NamedTuple):
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


class Server:
    """Answers each path with the next of its scripted ``(status, headers, body)``; the last one stays."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: dict[str, list[tuple[int, dict[str, str], bytes]]] = defaultdict(list)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        self.port = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def answer(self, path: str, status: int = 200, body: Any = None, **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path].append((status, given, content))

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                names = {name.lower(): value for name, value in self.headers.items()}
                server.asked.append(Asked(self.command, parts.path, parse_qs(parts.query), names, body))
                answers = server.answers[parts.path]
                status, headers, content = answers.pop(0) if len(answers) > 1 else answers[0]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names that the base class calls

            def log_message(self, *args: Any) -> None:
                """Nothing on the console."""

        return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _allowed(engine: Any) -> None:
    engine.settings = Settings(aws="memory", allowed_hosts=["127.0.0.1", "localhost"])


def node(url: str, method: str = "GET", **config: Any) -> Document:
    return {"id": "call", "type": "api_call", "config": {"url": url, "method": method, **config}}


def run(engine: Any, step: Document, **data: Any) -> Any:
    instance = engine.run(step, data=data, outputs={"got": "steps.call.outputs"})
    engine.until_idle(instance)
    return engine.outputs(instance)["got"]


def error(engine: Any, step: Document) -> Any:
    """The error of the first attempt, and whether there is to be another one."""
    instance = engine.run(step)
    return {**engine.see(instance)["steps"][0]["error"], "again": engine.instance(instance).wake_at is not None}


def test_a_request_and_its_answer(engine: Any, server: Server) -> None:
    """YF-4: method, address, parameters, headers and body as they are given; status, headers, body and extracts back."""
    server.answer("/orders", 201, {"id": 7, "lines": [{"sku": "A"}]}, x_trace="t1", set_cookie="session=hunter2")
    got = run(
        engine,
        node(
            f"{server.url}/orders?a=1",
            "post",
            headers={"X-Number": "${input.n}"},
            params={"q": "ä &", "many": [1, 2], "none": None},
            body={"n": "${input.n}"},
            response={"extract": [{"name": "id", "path": "id"}, {"name": "sku", "path": "lines.0.sku"}]},
        ),
        n=3,
    )
    (asked,) = server.asked
    assert (asked.method, asked.query) == ("POST", {"a": ["1"], "q": ["ä &"], "many": ["1", "2"]})
    assert (asked.headers["x-number"], asked.headers["content-type"]) == ("3", "application/json")
    assert json.loads(asked.body) == {"n": 3}
    assert asked.headers["host"] == f"127.0.0.1:{server.port}"
    assert (got["id"], got["sku"]) == (7, "A")
    assert got["response"]["status"] == 201
    assert got["response"]["body"] == {"id": 7, "lines": [{"sku": "A"}]}
    assert got["response"]["headers"]["x-trace"] == "t1"
    assert "hunter2" not in str(got)


def test_how_the_request_is_carried_is_not_the_documents_affair(engine: Any, server: Server) -> None:
    """YF-3: no header of a document can make one request look like two, or like one to another host."""
    server.answer("/")
    headers = {"Host": "evil.example.com", "Transfer-Encoding": "chunked", "Content-Length": "1"}
    run(engine, node(f"{server.url}/", "POST", headers=headers, body="abc"))
    (asked,) = server.asked
    assert (asked.headers["host"], asked.body) == (f"127.0.0.1:{server.port}", b"abc")
    assert "transfer-encoding" not in asked.headers


def test_what_changes_something_carries_the_idempotency_key(engine: Any, server: Server) -> None:
    """WH-19: the same for every attempt, unless the document gives its own; a GET needs none."""
    server.answer("/a", 503)
    server.answer("/a")
    server.answer("/b")
    steps = [
        node(f"{server.url}/a", "POST"),
        node(f"{server.url}/b", "POST", headers={"Idempotency-Key": "mine"}) | {"id": "own"},
        node(f"{server.url}/b") | {"id": "read"},
    ]
    instance = engine.run(*steps)
    engine.until_idle(instance)
    keys = [asked.headers.get("idempotency-key") for asked in server.asked]
    assert keys == [f"{instance}/call", f"{instance}/call", "mine", None]


@pytest.mark.parametrize(
    ("body", "headers", "sent", "kind"),
    [
        ("text", {}, b"text", "text/plain; charset=utf-8"),
        ([1], {}, b"[1]", "application/json"),
        ({"a": "x y", "b": [1, 2]}, {"content-type": "application/x-www-form-urlencoded"}, b"a=x+y&b=1&b=2", None),
    ],
)
def test_bodies_are_texts_json_or_forms(
    engine: Any, server: Server, *, body: Any, headers: dict[str, str], sent: bytes, kind: str | None
) -> None:
    """YF-4: a text as it is, a form where the content type says so, all else as JSON."""
    server.answer("/")
    run(engine, node(f"{server.url}/", "PUT", body=body, headers=headers))
    assert server.asked[0].body == sent
    assert server.asked[0].headers["content-type"] == (kind or headers["content-type"])


@pytest.mark.parametrize(
    ("kind", "content", "body"),
    [
        ("json", b" ", None),
        ("text", "grüße".encode(), "grüße"),
        ("buffer", b"\xff", base64.b64encode(b"\xff").decode()),
    ],
)
def test_answers_are_json_text_or_bytes(engine: Any, server: Server, kind: str, content: bytes, body: Any) -> None:
    """YF-4: bodyType."""
    server.answer("/", body=content, content_type="text/plain; charset=utf-8")
    assert run(engine, node(f"{server.url}/", response={"bodyType": kind}))["response"]["body"] == body


@pytest.mark.parametrize(
    ("authentication", "header", "value"),
    [
        (
            {"type": "basic", "config": {"username": "ann", "password": "hunter2"}},
            "authorization",
            "Basic YW5uOmh1bnRlcjI=",
        ),
        ({"type": "bearer", "config": {"token": "${input.token}"}}, "authorization", "Bearer hunter2"),
        ({"type": "apiKey", "config": {"name": "X-Key", "value": "hunter2"}}, "x-key", "hunter2"),
    ],
)
def test_credentials_go_into_headers(
    engine: Any, server: Server, authentication: Document, header: str, value: str
) -> None:
    """YF-4: none, basic, bearer and apiKey."""
    server.answer("/")
    run(engine, node(f"{server.url}/", authentication=authentication), token="hunter2")
    assert server.asked[0].headers[header] == value


def oauth(server: Server) -> Document:
    config = {"tokenUrl": f"{server.url}/token", "clientId": "me", "clientSecret": "hunter2", "scope": "read"}
    return {"type": "oauth2", "config": config}


def test_a_token_is_kept_until_it_expires(engine: Any, server: Server) -> None:
    """YF-4: client credentials; the token is asked for once, and anew when its time is over."""
    server.answer("/token", body={"access_token": "t1", "expires_in": 3600})
    server.answer("/token", body={"access_token": "t2", "expires_in": 3600})
    server.answer("/")
    reference = engine.register(engine.document(node(f"{server.url}/", authentication=oauth(server))))
    for wait in (0, 0, 3_580_000):
        engine.clock.advance(wait)
        engine.start(reference)
        engine.work()
    used = [asked.headers["authorization"] for asked in server.asked if asked.path == "/"]
    assert used == ["Bearer t1", "Bearer t1", "Bearer t2"]
    first = server.asked[0]
    assert parse_qs(first.body.decode()) == {"grant_type": ["client_credentials"], "scope": ["read"]}
    assert first.headers["authorization"] == "Basic " + base64.b64encode(b"me:hunter2").decode()


def test_a_token_that_is_refused_is_asked_for_once_more(engine: Any, server: Server) -> None:
    """YF-4, EH-5: after one 401 a new token is taken, and in the one more attempt that is due another; then it has failed."""
    server.answer("/token", body={"access_token": "t1"})
    server.answer("/", 401)
    instance = engine.run(node(f"{server.url}/", authentication=oauth(server)))
    assert [asked.path for asked in server.asked] == ["/token", "/", "/token", "/"] * 2
    assert engine.trail(instance, "call") == ["FAILED", "FAILED"]
    assert engine.see(instance)["steps"][0]["error"]["category"] == "permission"


@pytest.mark.parametrize(
    ("status", "code", "category", "again"),
    [
        (400, "remote_refused", "validation", False),
        (401, "remote_denied", "permission", False),
        (403, "remote_denied", "permission", False),
        (404, "remote_refused", "validation", False),
        (408, "step_timeout", "timeout", True),
        (429, "remote_busy", "resource", True),
        (500, "remote_unavailable", "network", True),
        (503, "remote_unavailable", "network", True),
        (304, "remote_refused", "validation", False),
    ],
)
def test_statuses_decide_about_another_attempt(
    engine: Any, server: Server, *, status: int, code: str, category: str, again: bool
) -> None:
    """EH-1: 408, 429 and 5xx are worth another attempt, all else that is not expected is not."""
    server.answer("/", status, b"" if status == 304 else None)
    found = error(engine, node(f"{server.url}/"))
    assert (found["code"], found["category"]) == (code, category)
    assert found["again"] is again


def test_expected_statuses_are_no_errors(engine: Any, server: Server) -> None:
    """YF-4: expectedStatusCodes replaces 2xx."""
    server.answer("/", 404)
    assert run(engine, node(f"{server.url}/", expectedStatusCodes=[200, 404]))["response"]["status"] == 404


def test_an_unexpected_success_is_an_error(engine: Any, server: Server) -> None:
    """YF-4: what is not among expectedStatusCodes is refused, whatever it is."""
    server.answer("/", 202)
    assert error(engine, node(f"{server.url}/", expectedStatusCodes=200))["code"] == "remote_refused"


@pytest.mark.parametrize("asked_for", ["7", formatdate(BEGIN / 1000 + 7, usegmt=True)])
@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_retry_after_is_honoured(engine: Any, server: Server, asked_for: str, status: int) -> None:
    """YF-6: the next attempt is not made before the time that the server asks for, in seconds or as a date."""
    server.answer("/", status, retry_after=asked_for)
    server.answer("/")
    step = node(f"{server.url}/") | {"retryPolicy": {"initialDelay": 1, "jitter": False}}
    instance = engine.run(step)
    assert engine.instance(instance).wake_at == BEGIN + 7000


def test_a_server_that_is_not_there_is_tried_again(engine: Any) -> None:
    """EH-1: a network error, which is retryable."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found = error(engine, node(f"http://127.0.0.1:{free.getsockname()[1]}/"))
    assert (found["code"], found["category"], found["again"]) == ("remote_unavailable", "network", True)


def test_a_server_that_is_silent_times_out(engine: Any) -> None:
    """EH-1: `timeout` in milliseconds bounds the call; a time-out is retryable."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        found = error(engine, node(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=50))
    assert (found["code"], found["category"]) == ("step_timeout", "timeout")


@pytest.mark.parametrize("path", [7, ""])
def test_a_computed_path_that_is_no_text_fails_for_good(engine: Any, server: Server, path: Any) -> None:
    """EH-1: what a hole gives is looked at before it is used."""
    server.answer("/", body={"a": 1})
    step = node(f"{server.url}/", response={"extract": [{"name": "x", "path": "${input.path}"}]})
    instance = engine.run(step, data={"path": path})
    assert "give a text that is not empty" in engine.reason(instance)["message"]
    assert engine.trail(instance, "call") == ["FAILED"]


def test_too_large_an_answer_is_refused(engine: Any, server: Server) -> None:
    """YF-3: an answer cannot fill the memory of the worker."""
    server.answer("/", body=b"x" * 10_000_001)
    assert "more than 10000000 bytes" in error(engine, node(f"{server.url}/"))["message"]


def test_what_is_no_json_says_so(engine: Any, server: Server) -> None:
    """EH-1: the message says how to read it otherwise."""
    server.answer("/", body=b"<html>")
    assert "set response.bodyType" in error(engine, node(f"{server.url}/"))["message"]


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [(301, "POST", "GET"), (302, "POST", "GET"), (303, "PUT", "GET"), (307, "POST", "POST"), (308, "PUT", "PUT")],
)
def test_redirects_are_followed(engine: Any, server: Server, status: int, method: str, then: str) -> None:
    """YF-4: with the method and the body that HTTP asks for, and the credentials while the origin is the same."""
    server.answer("/old", status, location="/new")
    server.answer("/new", body="here")
    authentication = {"type": "bearer", "config": {"token": "t"}}
    got = run(engine, node(f"{server.url}/old", method, body={"a": 1}, authentication=authentication))
    assert got["response"]["body"] == "here"
    last = server.asked[-1]
    assert (last.method, last.path, last.headers["authorization"]) == (then, "/new", "Bearer t")
    assert last.body == (b"" if then == "GET" else b'{"a":1}')


def test_another_origin_sees_no_credentials(engine: Any, server: Server) -> None:
    """SM-13: Authorization, cookies, keys and one's own headers stay with the first origin."""
    server.answer("/old", 307, location=f"http://localhost:{server.port}/new")
    server.answer("/new")
    run(
        engine,
        node(
            f"{server.url}/old",
            headers={"X-Token": "hunter2", "Cookie": "hunter2", "Authorization": "hunter2", "Accept": "text/html"},
            authentication={"type": "apiKey", "config": {"name": "X-Key", "value": "hunter2"}},
        ),
    )
    before, after = server.asked
    assert before.headers["x-key"] == before.headers["x-token"] == "hunter2"
    assert "hunter2" not in str(after.headers)
    assert (after.headers["host"], after.headers["accept"]) == (f"localhost:{server.port}", "text/html")


def test_a_redirect_is_checked_like_the_first_address(engine: Any, server: Server) -> None:
    """YF-3: a public server cannot lead to an address that is not."""
    server.answer("/old", 302, location="http://169.254.169.254/latest/meta-data")
    assert error(engine, node(f"{server.url}/old"))["code"] == "step_not_allowed"


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/"])
def test_only_http_is_followed(engine: Any, server: Server, location: str) -> None:
    """YF-3: no other scheme."""
    server.answer("/old", 302, location=location)
    assert "only https:// and http://" in error(engine, node(f"{server.url}/old"))["message"]


def test_redirects_end(engine: Any, server: Server) -> None:
    """YF-4: five at most, none with followRedirects: false."""
    server.answer("/round", 302, location="/round")
    assert "more than 5 times" in error(engine, node(f"{server.url}/round"))["message"]
    assert len(server.asked) == 6


def test_a_redirect_can_be_the_answer(engine: Any, server: Server) -> None:
    """YF-4: followRedirects: false."""
    server.answer("/old", 302, location="/new")
    got = run(engine, node(f"{server.url}/old", followRedirects=False, expectedStatusCodes=302))
    assert got["response"]["headers"]["location"] == "/new"


def test_no_proxy_of_the_environment_is_used(engine: Any, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """YF-3: a proxy would look names up by itself."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    server.answer("/")
    assert run(engine, node(f"{server.url}/"))["response"]["status"] == 200


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://2130706433:{port}/", "http://[::1]:{port}/"]
)
def test_this_machine_is_refused_unless_it_is_allowed(engine: Any, server: Server, url: str) -> None:
    """YF-3: however it is written."""
    engine.settings = Settings(aws="memory")
    found = error(engine, node(url.format(port=server.port)))
    assert (found["code"], found["again"]) == ("step_not_allowed", False)
    assert server.asked == []


@pytest.mark.parametrize("status", [200, 400, 500])
def test_secrets_are_neither_in_errors_nor_in_logs_nor_in_outputs(
    engine: Any, server: Server, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """SM-13: not those of the query, of headers or of the authentication, whatever the log level is."""
    caplog.set_level(logging.DEBUG)
    server.answer("/hunter2", status, b'"fine"')
    step = node(
        f"{server.url}/hunter2?key=hunter2",
        headers={"X-Token": "hunter2"},
        authentication={"type": "apiKey", "config": {"name": "k", "value": "hunter2", "in": "query"}},
    )
    instance = engine.run(step | {"retryPolicy": {"maxAttempts": 1}})
    assert server.asked[0].query == {"key": ["hunter2"], "k": ["hunter2"]}
    assert "hunter2" not in str(engine.see(instance)["steps"])
    assert "hunter2" not in str(engine.history(instance))
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"url": "ftp://a/"}, "begins with https://"),
        ({"url": "/orders"}, "begins with https://"),
        ({"method": "FETCH"}, "is no method"),
        ({"authentication": {"type": "basic", "config": {"username": "a"}}}, "`password` is missing"),
        ({"authentication": {"type": "bearer", "config": {"token": "a", "tokn": "b"}}}, "`tokn` is not a field"),
        ({"expectedStatusCodes": [20]}, "list of statuses"),
        ({"response": {"extract": [{"name": "response", "path": "a"}]}}, "choose another name"),
    ],
)
def test_a_wrong_config_is_refused(engine: Any, config: Document, said: str) -> None:
    """YF-1: before anything runs."""
    with pytest.raises(InvalidDefinitionError) as raised:
        engine.begin(node(**{"url": "https://example.com/", **config}))
    assert any(said in problem.message for problem in raised.value.problems), raised.value.problems


@pytest.mark.parametrize(
    ("url", "headers", "said"),
    [
        ("http://ann:hunter2@127.0.0.1/", {}, "put the credentials into"),
        ("gopher://127.0.0.1/", {}, "only https:// and http://"),
        ("http://127.0.0.1/", {"X": "a\r\nY: hunter2"}, "no header can hold"),
        ("http://127.0.0.1/", {"X": "hunter2 €"}, "no header can hold"),
    ],
)
def test_what_only_shows_when_it_runs_fails_for_good(engine: Any, url: str, headers: Document, said: str) -> None:
    """EH-1: not tried again, and nothing secret is told."""
    instance = engine.run(node("${input.url}", headers=headers), data={"url": url})
    message = engine.reason(instance)["message"]
    assert said in message
    assert "hunter2" not in message
    assert engine.trail(instance, "call") == ["FAILED"]
