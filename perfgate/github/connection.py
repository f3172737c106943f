"""Requests to GitHub's API: single ones and lists of pages, with its refusals translated into our errors.

github3 provides the session (headers, time-outs, authentication). Its models are not used: they break when a field is
missing and resend stale fields. See docs/decisions/0003-github3-for-the-session.md.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import mktime_tz, parsedate_tz
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec
import requests
import requests.auth
from github3.session import GitHubSession

from perfgate.errors import InvalidInput, NotFound, PerfgateError, PermissionDenied, RateLimited, Rejected, Unavailable

API_URL = "https://api.github.com"
API_VERSION = "2022-11-28"
"""Pinned, because four of the operations used here change in version 2026-03-10."""

CONNECT_TIMEOUT_SECONDS = 4
READ_TIMEOUT_SECONDS = 10

SECONDARY_LIMIT_SECONDS = 60.0
"""How long GitHub asks clients to wait when it names no time."""
MAX_WAIT_SECONDS = 3_600.0
"""GitHub counts requests per hour, so a longer wait would be a mistake."""

Body = TypeVar("Body")


class _ErrorResponse(msgspec.Struct):
    message: str = ""
    errors: Any = None


class _Bearer(requests.auth.AuthBase):
    """Authenticates requests with a bearer token.

    An auth object, because requests prefers .netrc credentials to explicit headers.
    """

    def __init__(self, token: str) -> None:
        self._value = f"Bearer {token}"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._value
        return request


class Connection:
    """The API of one GitHub instance, accessed with one token.

    Args:
        token: Personal token, App installation token or the ``GITHUB_TOKEN`` of a workflow.
        api_url: Root of the API.
        before_write: Called before every request that changes something; may wait, or raise `RateLimited`.

    Raises:
        InvalidInput: One of the arguments is malformed.
    """

    def __init__(self, token: str, api_url: str, *, before_write: Callable[[], None] | None = None) -> None:
        if not re.fullmatch(r"[!-~]+", token):
            raise InvalidInput("the GitHub token is empty or has characters that no token has: copy it again")
        if urlsplit(api_url).scheme not in {"http", "https"} or not urlsplit(api_url).netloc:
            raise InvalidInput(f"{api_url!r} is not the address of a GitHub API: write it as {API_URL}")
        self._root = api_url.rstrip("/")
        self._before_write = before_write
        session = GitHubSession(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS)
        session.auth = _Bearer(token)
        session.headers["Accept"] = "application/vnd.github+json"
        session.headers["User-Agent"] = "perfgate"
        session.headers["X-GitHub-Api-Version"] = API_VERSION
        self._session: requests.Session = session

    def close(self) -> None:
        """Close the sockets."""
        self._session.close()

    def read(self, path: str, kind: type[Body], **parameters: str) -> Body:
        """Return the resource at *path*, as a *kind*."""
        return decode(self.request("GET", path, params=parameters), kind)

    def read_if_there(self, path: str, kind: type[Body]) -> Body | None:
        """Return the resource at *path*, as a *kind*; None where it does not exist."""
        try:
            return self.read(path, kind)
        except NotFound:
            return None

    def write(self, method: str, path: str, body: Mapping[str, Any], kind: type[Body]) -> Body:
        """Send *body* and return the resulting resource, as a *kind*."""
        return decode(self.request(method, path, json=body), kind)

    def pages(self, path: str, kind: type[Body], **parameters: str) -> Iterator[Body]:
        """Yield the pages of a list, each as a *kind*."""
        query = {"per_page": "100", **parameters}
        while True:
            page = self.request("GET", path, params=query)
            yield decode(page, kind)
            if "next" not in page.links:
                return
            # Only the query is taken from the link, so that the token is never sent to another host.
            query = dict(parse_qsl(urlsplit(page.links["next"]["url"]).query))

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
    ) -> requests.Response:
        """Send one request and return the successful response.

        Raises:
            PermissionDenied: The token is refused or may not do this. A retry cannot help.
            NotFound: It does not exist, or the token cannot see it. A retry cannot help.
            Rejected: GitHub declined the request. A retry cannot help.
            RateLimited: Retry after its ``retry_after_seconds``.
            Unavailable: No response, or none that makes sense. A write may have happened all the same; retry.
        """
        url = self._root + path
        if method != "GET" and self._before_write is not None:
            self._before_write()
        try:
            # requests would turn a redirected POST into a GET.
            response = self._session.request(method, url, params=params, json=json, allow_redirects=False)
        except requests.RequestException as error:
            raise Unavailable(f"no response from GitHub to {method} {url}: {error}. Try again later.") from error
        if not response.ok or response.is_redirect:
            raise _refusal(response)
        return response

    def download(self, path: str, *, max_bytes: int) -> bytes:
        """Return the file that *path* redirects to.

        Raises:
            InvalidInput: It is larger than *max_bytes*; no more than that is read.
            Unavailable: The file was not sent, or not completely.
        """
        url = self._root + path
        try:
            sent = self._session.request("GET", url, allow_redirects=False)
            if not sent.is_redirect:
                raise _refusal(sent)
            # Without our token: the file is on another host, and its address authorizes the download.
            with requests.get(sent.headers["Location"], stream=True, timeout=READ_TIMEOUT_SECONDS) as file:
                if not file.ok:
                    raise Unavailable(
                        f"the file behind {url} could not be downloaded (status {file.status_code}). Try again later."
                    )
                data = bytearray()
                for chunk in file.iter_content(65_536):
                    data += chunk
                    if len(data) > max_bytes:
                        raise InvalidInput(f"the file behind {url} is larger than {max_bytes:,} bytes: it is refused")
        except requests.RequestException as error:
            raise Unavailable(f"no file from {url}: {error}. Try again later.") from error
        return bytes(data)


def _refusal(response: requests.Response) -> PerfgateError:
    """Return the error that an unsuccessful response means."""
    message = _message(response)
    status = response.status_code
    what = f"GitHub answered {status} to {response.request.method} {response.url}: {message}."
    wait = _wait_seconds(response, message)
    if wait is not None:
        return RateLimited(f"{what} Wait {wait:.0f} s.", retry_after_seconds=wait)
    if status in {401, 403}:
        needed = response.headers.get("X-Accepted-GitHub-Permissions", "access to this")
        return PermissionDenied(f"{what} Give a valid token with {needed}.")
    if status in {404, 410}:
        return NotFound(f"{what} Check the name, and that the token can see it.")
    if status == 408 or status >= 500:
        return Unavailable(f"{what} Try again later.")
    return Rejected(f"{what} The repository has moved: give its new name." if response.is_redirect else what)


def _message(response: requests.Response) -> str:
    try:
        error = msgspec.json.decode(response.content, type=_ErrorResponse)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return response.reason
    details = f" {msgspec.json.encode(error.errors).decode()}" if error.errors else ""
    return (error.message.rstrip(".") + details)[:1_000]


def _wait_seconds(response: requests.Response, message: str) -> float | None:
    """Return how long GitHub wants us to wait; None where it refuses for another reason.

    Source:
        GitHub REST, "Rate limits for the REST API", section "Exceeding the rate limit".
    """
    headers = response.headers
    spent = headers.get("X-RateLimit-Remaining") == "0"
    in_words = re.search(r"rate limit|abuse detection", message, re.IGNORECASE)
    forbidden = response.status_code == 403 and ("Retry-After" in headers or spent or in_words)
    if not (forbidden or response.status_code == 429):
        return None
    wait = SECONDARY_LIMIT_SECONDS
    if re.fullmatch(r"[0-9]{1,9}", headers.get("Retry-After", "")):
        wait = float(headers["Retry-After"])
    elif spent and re.fullmatch(r"[0-9]{1,12}", headers.get("X-RateLimit-Reset", "")):
        wait = float(headers["X-RateLimit-Reset"]) - _response_time(response)
    return min(max(wait, 1.0), MAX_WAIT_SECONDS)


def _response_time(response: requests.Response) -> float:
    # GitHub's clock also set the time of the reset; ours may differ.
    date = parsedate_tz(response.headers.get("Date", ""))
    return mktime_tz(date) if date else time.time()


def decode(response: requests.Response, kind: type[Body]) -> Body:
    """Return the body of *response* as a *kind*.

    Raises:
        Unavailable: It is not a *kind*; something other than GitHub may have responded.
    """
    try:
        return msgspec.json.decode(response.content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unavailable(
            f"the response to {response.request.method} {response.url} is not GitHub's ({error}): "
            "check the address of the API, or try again later"
        ) from error
