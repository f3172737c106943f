"""What was measured: projects, commits, environments, benchmarks, runs and their points.

Two things are kept of a run: the uploaded file, compressed and untouched (`Upload`, the truth), and its points, packed
into chunks of the series they belong to (`SeriesChunk`, rebuilt from the uploads by ``manage.py rebuild``). There is
no row for a single point: see docs/decisions/0002-packed-series.md for the measurements behind that.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from perfgate.results.records import Direction

CHUNK_RUNS = 64
"""Runs behind one `SeriesChunk`. An append rewrites half a chunk on average, a read pays for each row: 64 is the
middle that docs/decisions/0002-packed-series.md measures. Changing it asks for ``manage.py rebuild``."""


class Project(models.Model):
    """One repository whose benchmarks are followed."""

    slug = models.SlugField(max_length=100, unique=True)
    repository = models.CharField(max_length=200, blank=True)
    """``owner/name`` on GitHub; empty: the bot has nowhere to write."""
    default_branch = models.CharField(max_length=200, default="main")
    repository_id = models.BigIntegerField(null=True, blank=True)
    repository_owner_id = models.BigIntegerField(null=True, blank=True)
    """GitHub's ids of both, as the first workflow that showed its identity told them: names can change hands, these
    cannot."""
    created_at = models.DateTimeField(auto_now_add=True)
    revision = models.PositiveBigIntegerField(default=0)
    """Grows with every change of what is stored; readers key their caches by it."""

    def __str__(self) -> str:
        return self.slug


def upload_only() -> list[str]:
    """Return the scopes of a token for which none were named."""
    return ["upload"]


class Token(models.Model):
    """A key that lets a machine act on one project, as far as its scopes go; only its digest is kept."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=upload_only)
    """What it may do: names in `webapp.history.tokens.Scope`."""
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.project_id}/{self.name}"


class SpentIdentity(models.Model):
    """A workflow's identity that was shown once and is good for nothing more."""

    jti = models.CharField(max_length=200, unique=True)
    expires_at = models.DateTimeField(db_index=True)
    """After this nobody believes it anyway, and the row may go."""

    def __str__(self) -> str:
        return self.jti


class Commit(models.Model):
    """A commit that something was measured on."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="commits")
    sha = models.CharField(max_length=64)
    committed_at = models.DateTimeField(null=True)
    generation = models.PositiveIntegerField(null=True)
    """1 + the largest generation among its parents; orders commits wherever git was at hand."""
    subject = models.TextField(blank=True)
    author = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["project", "sha"], name="one_commit_per_sha")]

    def __str__(self) -> str:
        return self.sha[:10]


class Environment(models.Model):
    """The name under which a team follows one machine and interpreter through time."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="environments")
    name = models.TextField()
    key = models.CharField(max_length=64)
    """SHA-256 of the name: names may be longer than an index allows."""
    runs = models.PositiveIntegerField(default=0)
    """The newest `Run.number` here; counted up under the project's lock."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["project", "key"], name="one_environment_per_name")]

    def __str__(self) -> str:
        return self.name


class EnvironmentState(models.Model):
    """The facts behind an environment at one time; values of different states are never compared for a verdict."""

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="states")
    fingerprint = models.CharField(max_length=16)
    fields = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "fingerprint"], name="one_state_per_fingerprint")
        ]

    def __str__(self) -> str:
        return self.fingerprint


class Benchmark(models.Model):
    """One named, parametrised piece of work."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="benchmarks")
    name = models.TextField()
    parameters = models.JSONField(default=dict)
    label = models.TextField()
    """Name and parameters in one line, as people read it."""
    key = models.CharField(max_length=64)
    """SHA-256 of name and parameters."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["project", "key"], name="one_benchmark_per_key")]

    def __str__(self) -> str:
        return self.label


class PolicyText(models.Model):
    """A policy file that came with runs, kept once for all that carried the same."""

    digest = models.CharField(max_length=64, unique=True)
    """SHA-256 of path and text."""
    path = models.TextField()
    text = models.TextField()

    def __str__(self) -> str:
        return self.digest[:10]


class Run(models.Model):
    """One suite on one commit in one environment, as it was uploaded."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="runs")
    environment = models.ForeignKey(Environment, models.CASCADE, related_name="+")
    state = models.ForeignKey(EnvironmentState, models.PROTECT, related_name="runs")
    commit = models.ForeignKey(Commit, models.PROTECT, related_name="runs")
    baseline_commit = models.ForeignKey(Commit, models.PROTECT, null=True, related_name="+")
    """The other side, when both were measured together."""
    branch = models.CharField(max_length=255)
    pull_request = models.PositiveIntegerField(null=True)
    """A run with a number is judged against its baseline and is no point of a series."""
    suite = models.CharField(max_length=200)
    tool = models.TextField(blank=True)
    dirty = models.BooleanField(default=False)
    number = models.PositiveIntegerField(null=True)
    """1, 2, 3 … among the runs of its environment that are points of series, in the order of arrival; says which
    chunks hold its points. NULL: a pull request's."""
    key = models.CharField(max_length=64, blank=True)
    """SHA-256 of the source's stable identity (asv: machine and file name); a later file there supersedes this one."""
    digest = models.CharField(max_length=64)
    """SHA-256 of the uploaded bytes: the same upload twice is one run."""
    superseded_by = models.ForeignKey("self", models.SET_NULL, null=True, related_name="supersedes")
    """The newer file of the same source; a superseded run keeps its upload and has no points."""
    imported = models.BooleanField(default=False)
    """Came with an old history: changes in it are recorded quietly."""
    trusted = models.BooleanField(default=True)
    """False: it came out of a fork's own workflow, whose author could have written any numbers. It may be commented on."""
    policy = models.ForeignKey(PolicyText, models.PROTECT, null=True, related_name="+")
    """The policy at the run's own commit; NULL: it carried none, or is no point of a series."""
    started_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(auto_now_add=True)
    processed_at = models.DateTimeField(null=True)
    """When gating had done all that this run asks for; NULL is the work owed, whatever became of the queue."""
    measured = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    refused = models.JSONField(default=list)
    """What the file held besides and could not be kept: ``[{"where": …, "reason": …}]``."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "digest"], name="one_run_per_upload"),
            models.UniqueConstraint(fields=["environment", "number"], name="one_run_per_number"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["project", "-id"], name="run_newest_first"),
            models.Index(fields=["project", "key"], name="run_by_source"),
            models.Index(fields=["id"], name="run_owed", condition=models.Q(processed_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"


class UploadContext(models.Model):
    """What a file needs beside itself to be read (asv's ``benchmarks.json``), kept once for all that share it."""

    digest = models.CharField(max_length=64, unique=True)
    content = models.BinaryField()
    """zlib-compressed."""

    def __str__(self) -> str:
        return self.digest[:10]


class Upload(models.Model):
    """The uploaded file, byte for byte: the truth that everything derived can be rebuilt from."""

    run = models.OneToOneField(Run, models.CASCADE, primary_key=True, related_name="upload")
    name = models.TextField()
    content = models.BinaryField()
    """zlib-compressed."""
    size = models.PositiveIntegerField()
    """Bytes before compression."""
    context = models.ForeignKey(UploadContext, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return self.name


class Series(models.Model):
    """The ordered history of benchmark × metric × environment × branch."""

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="series")
    branch = models.CharField(max_length=255)
    benchmark = models.ForeignKey(Benchmark, models.CASCADE, related_name="series")
    metric = models.CharField(max_length=100)
    unit = models.CharField(max_length=100, blank=True)
    direction = models.CharField(max_length=6, choices=[(each.value, each.value) for each in Direction])
    segments = models.JSONField(default=list)
    """``[[fingerprint, benchmark version], …]``; a point names its segment by position in this list."""

    class Meta:
        verbose_name_plural = "series"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "benchmark", "metric", "unit", "branch"], name="one_series_per_identity"
            )
        ]

    def __str__(self) -> str:
        return f"series {self.pk}"


class SeriesChunk(models.Model):
    """The points of a series from up to `CHUNK_RUNS` runs, packed; written and read by `webapp.history.chunks` only."""

    pk = models.CompositePrimaryKey("series_id", "chunk_number")
    series = models.ForeignKey(Series, models.CASCADE, db_index=False, related_name="chunks")
    chunk_number = models.PositiveIntegerField()
    """``run.number // CHUNK_RUNS``: an append needs no look at what is stored."""
    points = models.BinaryField()
    """Records of `webapp.history.chunks.POINT`, 14 bytes each, in no particular order; at most one for each run."""

    def __str__(self) -> str:
        return f"chunk {self.series_id}/{self.chunk_number}"
