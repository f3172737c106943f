"""An identity provider on loopback that stands for GitHub's OIDC provider, with keys that can be changed."""

from __future__ import annotations

import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

REPOSITORY = "octocat/hello"


def new_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: RSAPrivateKey) -> tuple[str, str]:
    """Return private and public part as text."""
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


class Issuer:
    """A running provider, until the end of the ``with`` block."""

    def __init__(self) -> None:
        self.key, self.kid = new_key(), "one"
        self.fetches = 0
        self.asked: list[str] = []
        """Paths of the requests for an identity."""
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.fetches += self.path.endswith("/jwks")
                known = {
                    **json.loads(RSAAlgorithm.to_jwk(owner.key.public_key())),
                    "kid": owner.kid,
                    "use": "sig",
                    "alg": "RS256",
                }
                body = json.dumps({"keys": [known]}).encode()
                if self.path.startswith("/token?") and self.headers["Authorization"] == "Bearer of this job":
                    owner.asked.append(self.path)
                    body = json.dumps({"value": owner.token(aud=parse_qs(self.path)["audience"][0])}).encode()
                elif self.path != "/.well-known/jwks":
                    body = b"{}"
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of a push to main; None removes a claim."""
        now = int(time.time())
        said = {
            "iss": self.url,
            "aud": "http://127.0.0.1:8000",
            "sub": "repo:octocat@1/hello@74:ref:refs/heads/main",
            "iat": now,
            "nbf": now - 600,
            "exp": now + 300,
            "jti": str(uuid.uuid4()),
            "repository": REPOSITORY,
            "repository_id": "74",
            "repository_owner_id": "65",
            "workflow_ref": f"{REPOSITORY}/.github/workflows/perfgate.yml@refs/heads/main",
            "event_name": "push",
            "ref": "refs/heads/main",
            "sha": "a" * 40,
            **changes,
        }
        return {name: value for name, value in said.items() if value is not None}

    def token(self, *, key: Any = None, algorithm: str = "RS256", kid: str = "one", **changes: Any) -> str:
        """Return a signed token."""
        signer: Any = None if algorithm == "none" else key or self.key
        return jwt.encode(self.claims(**changes), signer, algorithm=algorithm, headers={"kid": kid})
