"""An environment is described the same each time, by facts that decide what may be compared."""

from __future__ import annotations

import importlib.metadata
import sys
import venv
from pathlib import Path

import pytest

from perfgate.errors import MeasurementFailed
from perfgate.measure.machine import MEMORY_STEP_BYTES, CpuTicks, available_cpus, cpu_ticks, describe, hygiene
from perfgate.results.records import COMPARABILITY_FIELDS, SAME_MACHINE_FIELDS


def test_the_same_machine_is_described_alike() -> None:
    """Two descriptions have one fingerprint and no differences."""
    first, second = describe(), describe()

    assert first.fingerprint == second.fingerprint
    assert not first.differences(second)


def test_all_facts_that_forbid_a_comparison_are_there() -> None:
    """On Linux every comparability field is known, with the interpreter's full version."""
    fields = describe().fields

    assert set(COMPARABILITY_FIELDS) | set(SAME_MACHINE_FIELDS) <= fields.keys()
    assert fields["python"].endswith(".".join(map(str, sys.version_info[:3])))
    assert int(fields["memory"]) % MEMORY_STEP_BYTES == 0


def test_the_kernel_and_the_load_are_no_part_of_the_fingerprint() -> None:
    """What changes without changing results must not start a new segment."""
    assert not {"kernel", "packages", "python_build", *hygiene()} & {*COMPARABILITY_FIELDS, *SAME_MACHINE_FIELDS}


STAT = """\
cpu  399825 1042 59529 881921 9876 0 2455 445 0 0
cpu0 168379 577 24079 479953 2896 0 742 221 0 0
cpu1 231445 465 35449 401967 6980 0 1713 223 0 0
intr 5404325 0 0 0
ctxt 8402144
"""
CPUINFO = """\
processor\t: 0
vendor_id\t: GenuineIntel
model name\t: Intel(R) Xeon(R) Processor
flags\t\t: fpu vme de pse tsc msr hypervisor lahf_lm

processor\t: 1
model name\t: Intel(R) Xeon(R) Processor
"""


def tree(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def test_hygiene_is_read_from_the_system_s_files(tmp_path: Path) -> None:
    """Each condition has its file; the texts are those that Linux writes."""
    cpu = "sys/devices/system/cpu"
    files = {
        "proc/stat": STAT,
        "proc/cpuinfo": CPUINFO,
        "proc/sys/kernel/randomize_va_space": "2\n",
        f"{cpu}/cpu0/cpufreq/scaling_governor": "powersave\n",
        f"{cpu}/intel_pstate/no_turbo": "0\n",
        f"{cpu}/smt/active": "1\n",
        f"{cpu}/isolated": "2-3\n",
        "sys/fs/cgroup/cpu.max": "150000 100000\n",
        "sys/class/dmi/id/sys_vendor": "QEMU\n",
        "sys/class/dmi/id/product_name": "Standard PC\n",
        ".dockerenv": "",
    }
    found = hygiene(tree(tmp_path, files))

    assert found["aslr"] == "full"
    assert found["governor"] == "powersave"
    assert found["turbo"] == "on"
    assert found["smt"] == "on"
    assert found["cpus_isolated"] == "2-3"
    assert found["cpu_quota"] == "1.50"
    assert found["virtualisation"] == "virtual machine (QEMU Standard PC), container"
    assert found["steal_since_boot"] == "0.0010"


@pytest.mark.parametrize(
    ("file", "text", "key", "found"),
    [
        ("proc/sys/kernel/randomize_va_space", "0\n", "aslr", "off"),
        ("proc/sys/kernel/randomize_va_space", "1\n", "aslr", "partial"),
        ("proc/self/personality", "00040000\n", "aslr", "off"),
        ("sys/devices/system/cpu/cpufreq/boost", "0\n", "turbo", "off"),
        ("sys/devices/system/cpu/smt/active", "0\n", "smt", "off"),
        ("sys/devices/system/cpu/isolated", "\n", "cpus_isolated", None),
        ("sys/fs/cgroup/cpu.max", "max 100000\n", "cpu_quota", None),
        ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n", "cpu_quota", None),
        ("proc/cpuinfo", CPUINFO.replace("hypervisor ", ""), "virtualisation", None),
    ],
)
def test_what_a_file_says_and_does_not_say(tmp_path: Path, file: str, text: str, key: str, found: str | None) -> None:
    """What is not limited, isolated or visible is left out."""
    assert hygiene(tree(tmp_path, {file: text})).get(key) == found


def test_a_quota_of_the_first_cgroups_is_read(tmp_path: Path) -> None:
    """Older container hosts keep it in two files."""
    folder = "sys/fs/cgroup/cpu"
    root = tree(tmp_path, {f"{folder}/cpu.cfs_quota_us": "50000\n", f"{folder}/cpu.cfs_period_us": "100000\n"})

    assert hygiene(root)["cpu_quota"] == "0.50"


def test_a_system_without_these_files_hides_them(tmp_path: Path) -> None:
    """Absent means unknown; what Python itself tells is still there."""
    assert {"load", "hash_seed", "valgrind", "perf"} <= hygiene(tmp_path).keys()
    assert not {"aslr", "governor", "turbo", "smt", "steal_since_boot"} & hygiene(tmp_path).keys()


def test_a_fixed_hash_seed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset is random."""
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    assert hygiene()["hash_seed"] == "0"
    monkeypatch.delenv("PYTHONHASHSEED")
    assert hygiene()["hash_seed"] == "random"


def test_steal_is_a_share_of_the_time_that_was_wanted(tmp_path: Path) -> None:
    """Idle CPUs do not dilute it, and only the time between two readings counts."""
    ticks = cpu_ticks(tree(tmp_path, {"proc/stat": STAT}))

    assert ticks == CpuTicks(stolen=445, wanted=399825 + 1042 + 59529 + 2455 + 445)
    later = CpuTicks(stolen=ticks.stolen + 10, wanted=ticks.wanted + 100)
    assert later.since(ticks).steal == pytest.approx(0.1)
    assert ticks.since(ticks).steal == 0.0


@pytest.mark.parametrize("text", ["", "cpu  1 2 3 4\n", "intr 1 2 3 4 5 6 7 8\n"])
def test_ticks_that_are_not_counted_are_unknown(tmp_path: Path, text: str) -> None:
    """Kernels before 2.6.11 have no steal column, other systems no such file."""
    assert cpu_ticks(tree(tmp_path, {"proc/stat": text})) is None
    assert cpu_ticks(tmp_path / "nowhere") is None


def test_the_cpus_of_this_process_are_known() -> None:
    """On Linux there is at least the one it runs on."""
    assert available_cpus()
    assert list(available_cpus()) == sorted(set(available_cpus()))


def test_the_build_of_the_interpreter_is_described() -> None:
    """Its compiler at least; a debug build says so."""
    build = describe().fields["python_build"]

    assert build
    assert ("debug build" in build) == hasattr(sys, "gettotalrefcount")


def test_the_name_is_made_from_the_interpreter_unless_given() -> None:
    """A team may follow an environment under its own name."""
    assert describe().name.startswith("linux-cpython-3.")
    assert describe("pinned runner").name == "pinned runner"


def test_packages_of_another_interpreter_are_listed(tmp_path: Path) -> None:
    """Dependencies are those of the interpreter asked for, without perfgate and projects installed from a folder."""
    venv.create(tmp_path, with_pip=False, symlinks=True)
    (packages,) = tmp_path.glob("lib/python*/site-packages")
    for name, origin in (
        ("Left_Pad", ""),
        ("perfgate", ""),
        ("shop", '{"url": "file:///shop", "dir_info": {}}'),
        ("mine", ""),
    ):
        installed = packages / f"{name}-1.5.dist-info"
        installed.mkdir()
        (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
        if origin:
            (installed / "direct_url.json").write_text(origin)

    found = describe(python=tmp_path / "bin/python", exclude={"mine"})

    assert found.fields["dependencies"] == "left-pad==1.5"
    assert "packages" not in found.fields


def test_many_dependencies_become_a_digest() -> None:
    """The list itself stands beside it."""
    fields = describe().fields

    assert fields["dependencies"].startswith("sha256:")
    assert f"numpy=={importlib.metadata.version('numpy')}" in fields["packages"].split()


@pytest.mark.parametrize("content", ["#!/bin/sh\nexit 3\n", "#!/bin/sh\necho no json\n"])
def test_what_is_no_interpreter_is_refused(tmp_path: Path, content: str) -> None:
    """With its path, whatever it does instead."""
    program = tmp_path / "python"
    program.write_text(content)
    program.chmod(0o700)

    with pytest.raises(MeasurementFailed, match=str(program)):
        describe(python=program)
    with pytest.raises(MeasurementFailed, match="name another"):
        describe(python=tmp_path / "missing")
