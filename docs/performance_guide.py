# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Generate docsite/rst/performance_guide.rst and its charts from the results of ``make bench``.

``python -m docs.performance_guide FILE`` publishes a file of results. Without FILE, it regenerates the page from the
published results. A unit test fails if the page is out of date.
"""

from __future__ import annotations

import io
import json
import sys
import typing as t
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tests.benchmark.report import COLUMNS, cores, find, median, reached

HERE = Path(__file__).parent
PAGE = HERE / "docsite" / "rst" / "performance_guide.rst"
RESULTS = HERE / "charts" / "performance.json"
CHARTS = "https://raw.githubusercontent.com/pamops/ansible-collection-senhasegura/main/docs/charts"
"""URL of the charts, for sites that show the page without the repository's files."""

Results = Mapping[str, t.Any]

HEAD = """\
..
  Copyright (c) 2026, the pamops.senhasegura contributors
  GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

.. Written by docs/performance_guide.py; do not change it here.

.. _ansible_collections.pamops.senhasegura.docsite.performance_guide:

Benchmarks
==========

Requesting a session from PAM Core takes little longer than any other Ansible task. This page has measurements of this
collection and of the alternatives. You can `repeat the measurements
<https://github.com/pamops/ansible-collection-senhasegura/blob/main/CONTRIBUTING.md>`__ with ``make bench``.

.. contents::
   :local:
   :depth: 1

"""

ADVICE = """\
How to speed up a playbook
--------------------------

The defaults are fast. These changes can make a playbook faster:

* **Use the module. If you must use the lookup, run one task of this collection first.** Ansible runs each task of each
  host in a separate process, a copy of its main process. The code of a module is loaded once, in the main process. The
  code of a lookup is loaded again in each copy. But after a task of this collection, even a skipped task, the code is
  already loaded for all later lookups of the run:

  .. code-block:: yaml+jinja

      - name: Load the code for all lookups once
        pamops.senhasegura.pam_remote_session:
          user: jdoe
          device: web01
          credential: root
          protocol: SSH
        when: false
        run_once: true

      - name: Write a page for each host
        ansible.builtin.copy:
          content: "{{ lookup('pamops.senhasegura.pam_remote_session', inventory_hostname, user='jdoe',
                              credential='root', protocol='SSH') }}"
          dest: "/srv/www/{{ inventory_hostname }}.html"
          mode: "0600"
        delegate_to: localhost
        diff: false
        no_log: true

* **Use a loop instead of many tasks**: the items of a loop share a process and its loaded code. But the result of a
  loop is available only after its last item, and the next task starts only after the last host. Meanwhile, the 30
  seconds of the first URL are already running. If PAM Core is slow, or there are hundreds of sessions, hand over each
  URL before you request the next one: use ``ansible.builtin.include_tasks`` in the loop, ``serial``, or ``strategy:
  free``.
* **Delegate only if you must.** A task that is delegated over SSH copies its code for each item, and logs in each time.
* **Set** ``api_prefix`` if you know it: with ``auto``, the first task of a run may send up to three more requests.
* **Leave** ``token_cache`` **on**: without it, each task logs in for each host.
* **Set** ``forks`` as high as your controller can handle. PAM Core receives at most this number of requests at the same
  time.

"""

CHANGED = """\
What was optimized
------------------

The tools ``perf``, ``py-spy``, ``cProfile`` in the processes of tasks, and ``python -X importtime`` showed where the
time goes:

* A copied process is slow at first, because each part of the memory that it uses must first be copied. So the main
  process creates what all processes of a run need, when Ansible loads the plugin there: the Python libraries, the
  definitions of options, patterns, and two TLS contexts. One of the two contexts has the certificate authorities that
  are trusted by default. In a copied process, creating a context took 1.5 to 3 ms, and loading these authorities 19 ms.
* Other certificate authorities, such as those of ``ca_path``, are read once per connection. The libraries on their own
  would read them twice.
* ``oauthlib``, time zones, and the code that prepares PAM Core's error texts for a message are loaded only when
  needed.
* For safety, each request has its own connection and TLS handshake. The remaining time goes to these handshakes, to the
  libraries' own work and to the copying. An action plugin of 15 lines that sends the same request takes nearly as long,
  although it has no login, checks, overall time limit, hiding or messages. This plugin is one of the alternatives in
  the tables.
* A lookup without a task before it loads the libraries in each process. Most of that time goes to ``requests``, and to
  this collection's code, which Ansible compiles again in each process. So code that only a failure, a SOCKS proxy or a
  search for sessions needs is in separate files. We found no supported way to load a lookup in the main process, other
  than with a task.
* Loading that much code made Python's garbage collector search all the memory that the process inherits from the main
  process. The search copied this memory. With ansible-core 2.16, this took 30 ms in each process. Lookups now exclude
  this memory from garbage collection, since there is nothing to collect in it.

No optimization weakens hiding, sends a request twice or delays a check.

"""


def page(results: Results) -> str:
    parts = [HEAD, *summary(results), *charts(results), ADVICE, *promises(results), CHANGED]
    return "".join([*parts, *method(results), *tables(results)]).rstrip("\n") + "\n"


def title(text: str) -> str:
    return f"{text}\n{'-' * len(text)}\n\n"


def newest(results: Results, work: str, contender: str) -> Mapping[str, t.Any]:
    found = find(results, work, contender, None if contender == "script" else cores(results)[-1])
    if found is None:
        sys.exit(f"{work}/{contender} was not measured.")
    return found


def seconds(results: Results, work: str, contender: str) -> float:
    return median(newest(results, work, contender), "seconds")


def summary(results: Results) -> Iterator[str]:
    hundred = "hosts-100-10forks-0ms"
    task, debug, uri = (seconds(results, hundred, name) for name in ("task", "debug", "uri"))
    loop, plain = (seconds(results, "loop-200-0ms", name) for name in ("task", "script"))
    one, none = (seconds(results, "start-0ms", name) for name in ("task", "empty"))
    yield title("In short")
    yield f"With ansible-core {cores(results)[-1]}:\n\n"
    yield f"* 100 sessions for 100 hosts take {task:.1f} seconds, and 101 requests. For the same hosts, a ``debug``\n"
    yield f"  task takes {debug:.1f} seconds, and ``ansible.builtin.uri`` takes {uri:.1f} seconds.\n"
    yield f"* 200 sessions in a loop take {loop:.1f} seconds, and one login. A script without Ansible takes\n"
    yield f"  {plain:.1f} seconds.\n"
    yield f"* A playbook that requests one session takes {one:.1f} seconds. An empty playbook takes\n"
    yield f"  {none:.1f} seconds.\n\n"


def method(results: Results) -> Iterator[str]:
    machine = results["machine"]
    yield title("How it was measured")
    yield (
        f"The machine runs {machine['system']}, and has {machine['processors']} processors ({machine['processor']}) "
        f"and\n{machine['memory_gib']:.0f} GiB. Version {results['collection']} of the collection was measured. "
        "The simulator of PAM Core runs on the same machine, behind TLS. It\n"
        "responds immediately, or after 50 ms. Runs of the compared alternatives alternate. Each figure is the median "
        "of as\nmany runs as the table shows. One warm-up run is discarded first, except for runs of several minutes. "
        "Times are the\nduration of the whole ``ansible-playbook``. CPU seconds are the sum over all its processes. "
        "MiB are the memory of the\nlargest process. The simulator counts the requests and connections. Each run is "
        "checked to have requested all its\nsessions. The machine is a virtual machine, whose speed varies at times; "
        "*from … to* shows how much the runs differed.\nThe measurements were not all made on one day. This matters if "
        "a goal compares two kinds of work, such as 1000 hosts\nwith 100.\n\n"
    )


def charts(_results: Results) -> Iterator[str]:
    for name, text in CHART_TEXTS.items():
        yield f".. image:: {CHARTS}/{name}.svg\n   :alt: {text}\n\n"


CHART_TEXTS = {
    "hosts": "Seconds for 100 hosts; the table for 100 hosts has the figures",
    "loop": "Seconds for 200 items of a loop; the table for 200 items has the figures",
}

TABLES = {
    "hosts-100-10forks-0ms": "100 hosts, 10 forks",
    "hosts-100-50forks-0ms": "100 hosts, 50 forks",
    "hosts-1000-10forks-0ms": "1000 hosts, 10 forks",
    "hosts-1000-50forks-0ms": "1000 hosts, 50 forks",
    "hosts-1-10forks-0ms": "One host",
    "hosts-1-50forks-0ms": "One host, 50 forks",
    "loop-200-0ms": "200 items of a loop",
    "loop-20-0ms": "20 items of a loop",
    "loop-1-0ms": "One item of a loop",
    "start-0ms": "A playbook with one task or no task",
    "hosts-100-10forks-50ms": "100 hosts, 10 forks, 50 ms per response",
    "hosts-100-50forks-50ms": "100 hosts, 50 forks, 50 ms per response",
    "hosts-1000-10forks-50ms": "1000 hosts, 10 forks, 50 ms per response",
    "hosts-1000-50forks-50ms": "1000 hosts, 50 forks, 50 ms per response",
    "loop-200-50ms": "200 items of a loop, 50 ms per response",
    "loop-20-50ms": "20 items of a loop, 50 ms per response",
}


def tables(results: Results) -> Iterator[str]:
    yield title("Figures")
    for work, text in TABLES.items():
        measured = [one for one in results["measured"] if one["work"] == work]
        if measured:
            yield f".. list-table:: {text}\n   :header-rows: 1\n\n"
            head = ["", "ansible-core", *(name for name, _column in COLUMNS.values())]
            yield from table_lines([head, *rows(measured)])


def table_lines(lines: Iterable[list[str]]) -> Iterator[str]:
    """Return the lines of a list-table."""
    for line in lines:
        for number, cell in enumerate(line):
            yield f"   {' ' if number else '*'} - {cell}".rstrip() + "\n"
    yield "\n"


def rows(measured: list[Mapping[str, t.Any]]) -> Iterator[list[str]]:
    """Return the fastest contender first, and keep the two releases of a contender together."""
    fastest: dict[str, float] = {}
    for one in measured:
        fastest[one["title"]] = min(median(one, "seconds"), fastest.get(one["title"], 1e9))
    for one in sorted(measured, key=lambda one: (fastest[one["title"]], one["title"], one["core"])):
        core = "" if one["contender"] == "script" else one["core"]
        yield [one["title"], core, *(column(one) for _name, column in COLUMNS.values())]


# Short title of a goal, for a terminal → its text on the page
GOAL_TEXTS = {
    "100 hosts: time, × that of debug": "100 hosts: time, relative to ``debug``",
    "100 hosts: uri's time, × that of the task": "100 hosts: time of ``uri``, relative to the task",
    "100 hosts: requests": "100 hosts: number of requests",
    "1000 hosts: time of each host, × that with 100 hosts": "1000 hosts: time per host, relative to 100 hosts",
    "1000 hosts: logins": "1000 hosts: number of logins",
    "200 items: ms of each above the script": "200 items: extra ms per item, compared with the plain script",
    "200 items: logins": "200 items: number of logins",
    "200 items: connections": "200 items: number of connections",
    "100 hosts: the lookup's time, × the task's": "100 hosts: time of the lookup, relative to the task",
    "100 hosts: the same, after a task of the collection": (
        "100 hosts: time of the lookup after a task of the collection, relative to the task"
    ),
    "ms that importing the plugin takes": "One task: ms to import the plugin",
    "ms that the collection adds to a play without it": "ms that an installed but unused collection adds to a play",
    "100 hosts, 50 ms: time, × what that dictates": (
        "100 hosts: time, relative to the minimum that a response time of 50 ms allows"
    ),
    "1000 hosts, 50 ms: time, × what that dictates": (
        "1000 hosts: time, relative to the minimum that a response time of 50 ms allows"
    ),
    "200 items, 50 ms: ms of each above the script": (
        "200 items, 50 ms per response: extra ms per item, compared with the plain script"
    ),
}


def promises(results: Results) -> Iterator[str]:
    yield title("Against the goals")
    yield (
        "These goals were set before the first measurement. Two of the goals for 200 items were replaced when each "
        "request got\nits own connection:\n\n"
    )
    yield ".. list-table::\n   :header-rows: 1\n\n"
    head = ["What", "Goal", *(f"ansible-core {core}" for core in cores(results))]
    lines: dict[str, list[str]] = {}
    for goal, _core, figure, kept in reached(results):
        limit = f"at {'least' if goal.at_least else 'most'} {goal.limit:g}"
        line = lines.setdefault(goal.title, [GOAL_TEXTS.get(goal.title, goal.title), limit])
        line.append(f"{figure:.3g}{'' if kept else ' (**not reached**)'}")
    yield from table_lines([head, *lines.values()])


# Charts


def draw(results: Results, work: str, text: str, path: Path) -> None:
    """Draw horizontal bars, the fastest at the top; one for each release of ansible-core."""
    # Imported here, because only drawing needs it.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "performance", "font.family": "sans-serif"})
    releases = cores(results)
    names = sorted(
        {one["contender"] for one in results["measured"] if one["work"] == work},
        key=lambda name: seconds(results, work, name),
        reverse=True,
    )
    figure = Figure(figsize=(9, 0.9 + 0.55 * len(names)), layout="constrained")
    axes = figure.add_subplot()
    colours = ("#8aa8c8", "#1f4e79")
    for place, name in enumerate(names):
        script = name == "script"
        for number, core in enumerate(releases):
            one = find(results, work, name, None if script else core)
            if one is None or (script and number):
                continue
            height = 0.76 if script else 0.38
            shift = 0 if script else 0.19 - 0.38 * number
            length = median(one, "seconds")
            label = f"ansible-core {core}" if place == len(names) - 1 and not script else None
            colour = "#777777" if script else colours[number % 2]
            axes.barh(place + shift, length, height, color=colour, label=label)
            axes.text(length, place + shift, f" {length:.1f}", va="center", fontsize=9)
    axes.set_yticks(range(len(names)), [newest(results, work, name)["title"] for name in names])
    axes.set_title(text, loc="left", fontsize=11)
    machine = results["machine"]
    axes.set_xlabel(f"seconds; {machine['processors']} processors, {machine['processor']}", fontsize=8)
    axes.margins(x=0.08)
    axes.spines[["top", "right"]].set_visible(False)
    handles = [mpl.patches.Patch(color=colours[n % 2], label=f"ansible-core {core}") for n, core in enumerate(releases)]
    axes.legend(handles=handles, loc="upper right", frameon=False, fontsize=9)
    content = io.StringIO()
    figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    path.write_text("".join(f"{line.rstrip()}\n" for line in content.getvalue().splitlines()), encoding="utf-8")


def main() -> None:
    measured = Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS
    text = measured.read_text(encoding="utf-8")
    results = json.loads(text)
    if measured != RESULTS:
        folder = RESULTS.parent
        folder.mkdir(exist_ok=True)
        RESULTS.write_text(text, encoding="utf-8")
        draw(results, "hosts-100-10forks-0ms", "A session for each of 100 hosts, 10 forks", folder / "hosts.svg")
        draw(results, "loop-200-0ms", "200 sessions in a loop", folder / "loop.svg")
    PAGE.write_text(page(results), encoding="utf-8")


if __name__ == "__main__":
    main()
