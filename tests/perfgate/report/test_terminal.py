"""Tables on terminals of every width."""

from rich.console import Console

from perfgate.report import terminal


def test_numbers_stay_whole_where_names_do_not_fit() -> None:
    """A narrow terminal cuts names, never figures."""
    on = Console(width=60, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123 - recorded, not written
    made = terminal.table("benchmark", ["metric"], ["value"])
    made.add_row(
        terminal.name("benchmarks/test_a_very_long_module_name.py::TestClass::test_something"), "time", "123.4567 µs"
    )
    terminal.show(on, made)
    on.file.close()

    printed = on.export_text()
    assert "123.4567 µs" in printed
    assert "…" in printed


def test_many_numbers_stay_whole_where_nothing_fits() -> None:
    """Where even a cut name does not fit, the line is longer than the terminal, and nothing of it is lost."""
    figures = ["+67.5 % slower", "[+66.1 %, +68.8 %]", "984.25 µs", "1.6671 ms", "detects +5.9 %"]
    on = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123 - recorded, not written
    made = terminal.table("benchmark", ["outcome"], ["change", "95 % interval", "base", "head", "power"])
    made.add_row(terminal.name("tests/test_a_very_long_module_name.py::test_something"), "inconclusive", *figures)
    terminal.show(on, made)
    on.file.close()

    printed = on.export_text()
    assert all(figure in printed for figure in [*figures, "inconclusive"])


def test_a_name_cannot_hide_or_colour_text() -> None:
    """Control and bidirectional characters are replaced; brackets are no markup."""
    assert "[red]a�b" == terminal.name("[red]a\u202eb").plain
