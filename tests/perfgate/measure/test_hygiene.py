"""Conditions that make timing noisy are read from the system's files; what the system does not show is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.measure.hygiene import CpuTicks, available_cpus, cpu_ticks, hygiene

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
    """Each condition is read from its file, in the form that Linux writes."""
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
    assert found["virtualization"] == "virtual machine (QEMU Standard PC), container"
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
        ("proc/cpuinfo", CPUINFO.replace("hypervisor ", ""), "virtualization", None),
    ],
)
def test_the_text_of_a_file_is_interpreted(tmp_path: Path, file: str, text: str, key: str, found: str | None) -> None:
    """A condition that does not apply, or is not visible, is left out."""
    assert hygiene(tree(tmp_path, {file: text})).get(key) == found


def test_a_quota_of_the_first_cgroups_is_read(tmp_path: Path) -> None:
    """Older container hosts have it in two files."""
    folder = "sys/fs/cgroup/cpu"
    root = tree(tmp_path, {f"{folder}/cpu.cfs_quota_us": "50000\n", f"{folder}/cpu.cfs_period_us": "100000\n"})

    assert hygiene(root)["cpu_quota"] == "0.50"


def test_conditions_without_a_file_are_left_out(tmp_path: Path) -> None:
    """Conditions without a file are left out; those that Python knows are still there."""
    assert {"load", "hash_seed", "valgrind", "perf"} <= hygiene(tmp_path).keys()
    assert not {"aslr", "governor", "turbo", "smt", "steal_since_boot"} & hygiene(tmp_path).keys()


def test_a_fixed_hash_seed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variable, the hash seed is random."""
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    assert hygiene()["hash_seed"] == "0"
    monkeypatch.delenv("PYTHONHASHSEED")
    assert hygiene()["hash_seed"] == "random"


def test_steal_is_a_share_of_the_needed_time(tmp_path: Path) -> None:
    """The idle time of CPUs does not reduce it, and only the time between two readings counts."""
    ticks = cpu_ticks(tree(tmp_path, {"proc/stat": STAT}))

    assert ticks == CpuTicks(stolen=445, needed=399825 + 1042 + 59529 + 2455 + 445)
    later = CpuTicks(stolen=ticks.stolen + 10, needed=ticks.needed + 100)
    assert later.since(ticks).steal == pytest.approx(0.1)
    assert ticks.since(ticks).steal == 0.0


@pytest.mark.parametrize("text", ["", "cpu  1 2 3 4\n", "intr 1 2 3 4 5 6 7 8\n"])
def test_ticks_are_none_if_the_system_does_not_count_them(tmp_path: Path, text: str) -> None:
    """Kernels before 2.6.11 have no steal column, other systems no such file."""
    assert cpu_ticks(tree(tmp_path, {"proc/stat": text})) is None
    assert cpu_ticks(tmp_path / "nowhere") is None


def test_the_cpus_of_this_process_are_known() -> None:
    """On Linux there is at least the CPU that the process runs on."""
    assert available_cpus()
    assert list(available_cpus()) == sorted(set(available_cpus()))
