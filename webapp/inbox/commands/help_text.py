"""``/perfgate help``: list the commands."""

from __future__ import annotations

from perfgate import formatting
from webapp.inbox.commands.context import CommandContext, CommandDeclined

HELP = """\
| command | what it does |
|---|---|
| `/perfgate run [GLOB]` | measures base and head again, all benchmarks or those whose name matches |
| `/perfgate accept ID up to 8% until 2027-01-31 because …` | lets one benchmark be slower in this pull request, up to a ceiling, until a day, for a reason |
| `/perfgate explain ID` | shows all that is known of one benchmark here |
| `/perfgate bisect` | measures one commit of this pull request after the other until the one that is the cause is found |
| `/perfgate help` | shows this list |

ID is the six characters in a row of the table. Commands are for people who may write to this repository."""


def reply(_context: CommandContext) -> str:
    """Return the list of commands."""
    return HELP


def unknown_reply(context: CommandContext) -> str:
    """Decline an unknown command with the list of commands.

    Raises:
        CommandDeclined: Always.
    """
    raise CommandDeclined(f"{formatting.code(context.command.text.split()[1])} is none of these.\n\n{HELP}")
