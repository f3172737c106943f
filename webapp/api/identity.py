"""OIDC tokens of GitHub Actions workflows, accepted for uploads in place of a secret.

The signature, the audience, and GitHub's numeric ids of repository and owner are checked. ``sub`` is not used, because
organizations can customize it. The event of the workflow decides what it may upload: history from the default branch
only, a verdict for its own pull request only. A token is accepted once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import jwt
import msgspec
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied

from perfgate.errors import NotFound, PerfgateError
from perfgate.results import records
from webapp.alerts import rules
from webapp.api.errors import Busy
from webapp.github import account
from webapp.history.models import Project, SpentIdentity

ALGORITHMS = ["RS256"]
"""With HS256 allowed, the public key would serve as the shared secret."""

EVENTS = frozenset({"push", "schedule", "release", "workflow_dispatch", "pull_request", "merge_group"})
"""Without ``pull_request_target`` and ``workflow_run``: their ``ref`` is the default branch, whatever code ran."""

LEEWAY_SECONDS = 30
COOLDOWN_SECONDS = 30.0
"""Shortest time between two fetches of the keys: a token with an invented key id must not cause more."""
MAX_CHARACTERS = 8_000

_MERGE = re.compile(r"refs/pull/([1-9][0-9]{0,8})/merge")


class Claims(msgspec.Struct, frozen=True):
    """Verified claims of a token."""

    jti: str
    exp: int
    repository: str
    repository_id: str
    repository_owner_id: str
    workflow_ref: str
    event_name: str
    ref: str
    sha: str


@dataclass(frozen=True)
class Identity:
    """A workflow and the project that it may upload to."""

    project: Project
    claims: Claims

    def require(self, run: records.Run) -> None:
        """Check that the event of the workflow permits uploading *run*.

        Raises:
            PermissionDenied: It does not (403).
            Busy: GitHub did not answer (503).
        """
        claims = self.claims
        if claims.event_name == "pull_request":
            self._require_own_pull_request(run)
        elif run.pull_request is not None and claims.event_name == "workflow_dispatch" and claims.ref == self._default:
            self._require_its_head(run, run.pull_request)  # dispatched by somebody with write access
        elif run.pull_request is not None:
            raise PermissionDenied(
                f"a workflow for {claims.event_name} uploads nothing for pull request {run.pull_request}"
            )
        elif run.baseline is None:
            self._require_default_branch(run)
        elif claims.event_name == "workflow_dispatch" and claims.ref != self._default:
            raise PermissionDenied(
                f"a range is measured by the workflow of {self._default}, not of {claims.ref[:100]!r}"
            )

    def spend(self) -> None:
        """Mark the token as used.

        Raises:
            AuthenticationFailed: It was used before (401).
        """
        SpentIdentity.objects.filter(expires_at__lt=timezone.now() - timedelta(seconds=2 * LEEWAY_SECONDS)).delete()
        try:
            with transaction.atomic():
                SpentIdentity.objects.create(
                    jti=self.claims.jti, expires_at=datetime.fromtimestamp(self.claims.exp, tz=UTC)
                )
        except IntegrityError as error:
            raise AuthenticationFailed("this token was used already: request a new one from GitHub") from error

    @property
    def _default(self) -> str:
        return f"refs/heads/{self.project.default_branch}"

    def _require_default_branch(self, run: records.Run) -> None:
        claims = self.claims
        if claims.event_name not in {"push", "schedule"} or claims.ref != self._default:
            raise PermissionDenied(
                f"the history is written by pushes to {self._default} alone, not by {claims.event_name} of"
                f" {claims.ref[:100]!r}"
            )
        if run.commit.sha != claims.sha:
            raise PermissionDenied(
                f"the workflow ran for commit {claims.sha[:40]}, the result is about {run.commit.sha}"
            )

    def _require_own_pull_request(self, run: records.Run) -> None:
        merge = _MERGE.fullmatch(self.claims.ref)
        if merge is None or run.pull_request != int(merge[1]):
            raise PermissionDenied(
                f"the workflow ran for {self.claims.ref[:100]!r}, the result is about pull request {run.pull_request}"
            )
        self._require_its_head(run, run.pull_request)

    def _require_its_head(self, run: records.Run, number: int) -> None:
        """Check that *run* measured the head commit of the pull request."""
        if not account.is_configured():
            return  # without a GitHub account nothing is published that could be about another commit
        # The claim ``sha`` is the merge commit; only GitHub knows the head.
        try:
            with account.connect(self.project) as repository:
                head = repository.pull_request(number).head_sha
        except NotFound as error:
            raise PermissionDenied(f"there is no pull request {number} in {self.project.repository}") from error
        except PerfgateError as error:
            raise Busy(f"cannot read pull request {number} from GitHub: {error}") from error
        if head != run.commit.sha:
            raise PermissionDenied(
                f"pull request {number} stands at {head}, the result is about {run.commit.sha}: it is late"
            )


def is_signed_token(secret: str) -> bool:
    """Return whether a bearer token has the form of a JWT."""
    return secret.count(".") == 2 and secret.startswith("ey")


def read(secret: str) -> Identity:
    """Return the identity behind an OIDC token.

    Raises:
        AuthenticationFailed: The token is invalid, expired, or for another audience (401).
        PermissionDenied: It is not from the workflow of a project on this server (403).
        Busy: GitHub's keys could not be fetched (503).
    """
    claims = _claims(secret)
    if claims.event_name not in EVENTS:
        raise PermissionDenied(
            f"a workflow for {claims.event_name[:40]!r} may upload nothing: use {', '.join(sorted(EVENTS))}"
        )
    project = _project(claims)
    expected = f"{claims.repository}/.github/workflows/{rules.alert_rules(project).workflow}@"
    if not claims.workflow_ref.startswith(expected):
        raise PermissionDenied(
            f"{claims.workflow_ref[:200]!r} may upload nothing: the policy names {rules.alert_rules(project).workflow!r}"
            " ('workflow' in [alerts] of perfgate.toml)"
        )
    return Identity(project, claims)


def _claims(secret: str) -> Claims:
    issuer = settings.OIDC_ISSUER
    try:
        key = _keys(issuer).get_signing_key_from_jwt(secret[:MAX_CHARACTERS])
        found: dict[str, Any] = jwt.decode(
            secret[:MAX_CHARACTERS],
            key,
            algorithms=ALGORITHMS,
            audience=settings.BASE_URL,
            issuer=issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "nbf", "iat", "iss", "aud", "jti"], "strict_aud": True},
        )
        return msgspec.convert(found, Claims)
    except jwt.PyJWKClientConnectionError as error:
        raise Busy(f"the keys of {issuer} cannot be fetched: {error}") from error
    except (jwt.PyJWTError, msgspec.ValidationError, ValueError) as error:
        raise AuthenticationFailed(f"not a valid token from {issuer} for {settings.BASE_URL}: {error}") from error


def _project(claims: Claims) -> Project:
    """Return the project of the workflow's repository; the first upload ties it to GitHub's numeric ids."""
    try:
        ids = {"repository_id": int(claims.repository_id), "repository_owner_id": int(claims.repository_owner_id)}
    except ValueError as error:
        raise AuthenticationFailed("the token has no numeric ids of repository and owner") from error
    known = list(Project.objects.filter(**ids)[:2])
    if not known:
        named = Project.objects.filter(repository__iexact=claims.repository, repository_id=None)
        numbers = list(named.values_list("pk", flat=True)[:2])
        if len(numbers) == 1:
            Project.objects.filter(pk=numbers[0], repository_id=None).update(**ids)
        known = list(Project.objects.filter(**ids)[:2])
    if len(known) != 1:
        raise PermissionDenied(
            f"no project on this server belongs to {claims.repository[:200]!r} (repository {claims.repository_id[:20]}): create one with"
            " 'manage.py create_project NAME --repository OWNER/NAME', or use an API token if several projects share it"
        )
    return known[0]


@lru_cache(maxsize=4)
def _keys(issuer: str) -> jwt.PyJWKClient:
    return jwt.PyJWKClient(f"{issuer}/.well-known/jwks", timeout=10, cooldown_duration=COOLDOWN_SECONDS)
