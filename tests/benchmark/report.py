# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print results as a table and against the goals, and prepare them for the charts and the guide."""

from __future__ import annotations

import statistics
import typing as t
from collections.abc import Iterator, Mapping

Results = Mapping[str, t.Any]


def median(result: Mapping[str, t.Any], figure: str) -> float:
    value: float = statistics.median(run[figure] for run in result["runs"])
    return value


def find(results: Results, work: str, contender: str, core: str | None = None) -> Mapping[str, t.Any] | None:
    fitting = (one for one in results["measured"] if (one["work"], one["contender"]) == (work, contender))
    return next((one for one in fitting if core in (None, one["core"])), None)


def cores(results: Results) -> list[str]:
    """The measured releases of ansible-core, oldest first."""
    found = {one["core"] for one in results["measured"]}
    return sorted(found, key=lambda core: [int(part) if part.isdigit() else 0 for part in core.split(".")])


def _range(seconds: list[float]) -> str:
    return f"{min(seconds):.2f} … {max(seconds):.2f}" if len(seconds) > 1 else ""


COLUMNS: dict[str, tuple[str, t.Callable[[Mapping[str, t.Any]], str]]] = {
    "seconds": ("seconds", lambda one: f"{median(one, 'seconds'):.2f}"),
    "range": ("from … to", lambda one: _range([run["seconds"] for run in one["runs"]])),
    "cpu": ("CPU seconds", lambda one: f"{median(one, 'cpu_seconds'):.2f}"),
    "memory": ("MiB", lambda one: f"{median(one, 'peak_mib'):.0f}"),
    "requests": ("requests", lambda one: f"{median(one, 'requests'):.0f}"),
    "logins": ("logins", lambda one: f"{median(one, 'logins'):.0f}"),
    "connections": ("connections", lambda one: f"{median(one, 'connections'):.0f}"),
    "runs": ("runs", lambda one: str(len(one["runs"]))),
}


def rows(results: Results, work: str) -> Iterator[list[str]]:
    for one in results["measured"]:
        if one["work"] == work:
            core = "" if one["contender"] == "script" else one["core"]
            yield [one["title"], core, *(column(one) for _title, column in COLUMNS.values())]


def table(results: Results, work: str) -> Iterator[str]:
    """A table for a terminal."""
    lines = [[work, "ansible-core", *(title for title, _column in COLUMNS.values())], *sorted(rows(results, work))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    yield ""
    for line in lines:
        first, *others = (
            cell.ljust(width) if number < 2 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths))
        )
        yield "  ".join([first, *others]).rstrip()


# Goals


class Goal(t.NamedTuple):
    title: str
    figure: t.Callable[[t.Callable[..., float]], float]
    """Computes the figure. *find* returns a median of this release by work, contender and figure."""
    limit: float
    at_least: bool = False


HUNDRED, THOUSAND, LOOP = "hosts-100-10forks-0ms", "hosts-1000-50forks-0ms", "loop-200-0ms"


def dictated(find: t.Callable[..., float], work: str, processes: int) -> float:
    """The ratio of the time with a latency of 50 ms to its lower bound: the time without latency plus the latency of
    each request, divided among the processes."""
    late = work.replace("-0ms", "-50ms")
    return find(late, "task") / (find(work, "task") + 0.05 * find(late, "task", "requests") / processes)


def above_the_script(find: t.Callable[..., float], work: str) -> float:
    """Milliseconds per item. Like the task, the script opens a connection for each request."""
    return (find(work, "task") - find(work, "script")) / 200 * 1000


GOALS = [
    Goal("100 hosts: time, × that of debug", lambda find: find(HUNDRED, "task") / find(HUNDRED, "debug"), 1.6),
    Goal(
        "100 hosts: uri's time, × that of the task", lambda find: find(HUNDRED, "uri") / find(HUNDRED, "task"), 8, True
    ),
    Goal("100 hosts: requests", lambda find: find(HUNDRED, "task", "requests"), 101),
    Goal(
        "1000 hosts: time of each host, × that with 100 hosts",
        lambda find: find(THOUSAND, "task") / find("hosts-100-50forks-0ms", "task") / 10,
        1,
    ),
    Goal("1000 hosts: logins", lambda find: find(THOUSAND, "task", "logins"), 1),
    Goal("200 items: ms of each above the script", lambda find: above_the_script(find, LOOP), 15),
    Goal("200 items: logins", lambda find: find(LOOP, "task", "logins"), 1),
    Goal("200 items: connections", lambda find: find(LOOP, "task", "connections"), 201),
    Goal("100 hosts: the lookup's time, × the task's", lambda find: find(HUNDRED, "lookup") / find(HUNDRED, "task"), 3),
    Goal(
        "100 hosts: the same, after a task of the collection",
        lambda find: find(HUNDRED, "lookup_loaded") / find(HUNDRED, "task"),
        1.3,
    ),
    Goal(
        "ms that importing the plugin takes",
        lambda find: (find("start-0ms", "skipped_task") - find("start-0ms", "skipped_debug")) * 1000,
        200,
    ),
    Goal(
        "ms that the collection adds to a play without it",
        lambda find: (find("start-0ms", "empty") - find("start-0ms", "absent")) * 1000,
        20,
    ),
    Goal("100 hosts, 50 ms: time, × what that dictates", lambda find: dictated(find, HUNDRED, 10), 1.1),
    Goal("1000 hosts, 50 ms: time, × what that dictates", lambda find: dictated(find, THOUSAND, 50), 1.1),
    Goal("200 items, 50 ms: ms of each above the script", lambda find: above_the_script(find, "loop-200-50ms"), 15),
]


def goals(results: Results) -> Iterator[str]:
    """A line for each goal and release. Goals without a measurement are left out."""
    yield ""
    for goal, core, figure, kept in reached(results):
        limit = f"at {'least' if goal.at_least else 'most'} {goal.limit:g}"
        yield f"{'kept    ' if kept else 'NOT KEPT'}  ansible-core {core}  {goal.title}: {figure:.3g} ({limit})"


def reached(results: Results) -> Iterator[tuple[Goal, str, float, bool]]:
    for goal in GOALS:
        for core in cores(results):

            def measured(work: str, contender: str, figure: str = "seconds", core: str = core) -> float:
                one = find(results, work, contender, None if contender == "script" else core)
                if one is None:
                    raise LookupError(work)
                return median(one, figure)

            try:
                figure = goal.figure(measured)
            except LookupError:
                continue
            yield goal, core, figure, figure >= goal.limit if goal.at_least else figure <= goal.limit
