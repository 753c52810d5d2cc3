"""How long the pages take: each question they ask of the API, and the first paint of each, with a big database.

    PYTHONPATH=. python benchmarks/view.py             both databases, in some ten minutes
    ... --databases sqlite --only errors timeline      this one, and only questions with such a word in their path
    ... --sqlite big.db --postgresql ADDRESS           with worlds that are there: a copy of the file, and that database

The world is that of big_database.py: a thousand workflows, of which one has 500,000 tasks and runs. A real API server
of Airflow answers, with one worker; who asks is logged in, and the rights of each answer are asked of Airflow. `cold`
is the first answer after the server has begun; `CPU` is that of the API server, which SQLite shares, for one answer.
What takes longer than its budget is marked, and makes the exit code 1: 300 ms for 95 of a hundred answers, 1.5 s for
the first paint by a browser that knows none of our files.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
import tempfile
import time
from math import ceil
from pathlib import Path

import big_database
import httpx
import view_questions
import workbench

from jobmon_airflow.store import migrations
from jobmon_airflow.store.database import Database
from jobmon_airflow.testing.airflow_home import AirflowHome
from jobmon_airflow.testing.local_airflow import API, LocalAirflow
from tests import servers
from tests.browser import chromium

BUDGET_MS, PAINT_BUDGET_S = 300.0, 1.5
WARM_UP = 2
DATABASES = ("sqlite", "postgresql")
COLUMNS = ("question", "database", "kB", "cold ms", "p50 ms", "p95 ms", "CPU ms", "late")
PAINTS = ("page", "database", "questions", "paint s", "filled s", "again s", "late")
PAINTED = """() => {
    const ends = performance.getEntriesByType("resource").filter((it) => it.name.includes("/jobmon/api/"));
    return {
        paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN,
        filled: Math.max(0, ...ends.map((it) => it.responseEnd)),
        questions: ends.map((it) => it.name),
    };
}"""


def main() -> int:
    asked = _parser().parse_args()
    is_in_time = True
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        for kind in asked.databases:
            (Path(folder) / kind).mkdir()
            with world(kind, Path(folder) / kind, asked) as address:
                is_in_time &= measure(kind, address, Path(folder) / kind, asked)
    return 0 if is_in_time else 1


@contextlib.contextmanager
def world(kind: str, folder: Path, asked):
    """A database with the big world, of this version's tables."""
    given = asked.sqlite if kind == "sqlite" else asked.postgresql
    with contextlib.ExitStack() as stack:
        if kind == "sqlite":
            file = folder / "jobmon.db"
            if given:
                shutil.copy(given, file)
            address = f"sqlite:///{file}"
        else:
            address = given or servers.create_database(stack.enter_context(servers.postgresql()), "big")
        database = Database.open(address)
        migrations.migrate(database)
        if not given:
            big_database.fill(database, locations=asked.locations)
        database.close()
        yield address


def measure(kind: str, address: str, folder: Path, asked) -> bool:
    """Measure all with one database; whether nothing took too long."""
    home = AirflowHome(folder / "airflow", jobmon=address)
    home.configure()
    home.cli("db", "migrate")
    with LocalAirflow(home, API) as airflow:
        token = airflow.api.log_in()
        (server, *_) = airflow.processes(API)
        is_in_time = answers(kind, address, home.url, token, server, asked)
        if not asked.only:
            is_in_time &= paints(kind, address, home.url, token, asked)
    return is_in_time


def answers(kind: str, address: str, url: str, token: str, server, asked) -> bool:
    """Ask every question: once cold, then some times more."""
    show(COLUMNS, {name: name for name in COLUMNS})
    is_in_time = True
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(
        base_url=f"{url}/jobmon/api/v1", headers=headers, timeout=120, trust_env=False
    ) as client:
        client.get(
            "/openapi.json"
        ).raise_for_status()  # our application comes into being with the first question
        for question in view_questions.questions(address):
            if asked.only and not any(word in question.path for word in asked.only):
                continue
            report = timed(client, question, server, asked.rounds)
            is_late = report["p95 ms"] > BUDGET_MS
            is_in_time &= not is_late
            show(
                COLUMNS,
                {"question": question.name, "database": kind, **report, "late": "LATE" if is_late else ""},
            )
        if not asked.only:
            view_questions.refuse_what_was_not_asked(client)
    return is_in_time


def timed(client: httpx.Client, question, server, rounds: int) -> dict[str, float]:
    cold, size = ask(client, question)
    for _ in range(WARM_UP):
        ask(client, question)
    before = cpu(server)
    times = sorted(ask(client, question)[0] for _ in range(rounds))
    return {
        "kB": size / 1000,
        "cold ms": 1000 * cold,
        "p50 ms": 1000 * times[len(times) // 2],
        "p95 ms": 1000 * times[ceil(0.95 * len(times)) - 1],
        "CPU ms": 1000 * (cpu(server) - before) / len(times),
    }


def cpu(process) -> float:
    """Seconds of CPU that a process has used: what an answer costs, whatever else the machine does."""
    times = process.cpu_times()
    return times.user + times.system


def ask(client: httpx.Client, question) -> tuple[float, int]:
    """Seconds until the whole answer is there, and its bytes as they were sent."""
    began = time.perf_counter()
    with client.stream("GET", question.path, params=question.query) as response:
        size = sum(map(len, response.iter_raw()))
    took = time.perf_counter() - began
    if response.status_code != httpx.codes.OK:
        raise SystemExit(f"{response.status_code} for {response.request.url}: see the API server's log.")
    return took, size


def paints(kind: str, address: str, url: str, token: str, asked) -> bool:
    """Open each page in browsers that know nothing, then again in the same ones."""
    show(PAINTS, {name: name for name in PAINTS})
    is_in_time = True
    with chromium.browser() as browser:
        for name, path in view_questions.pages(address):
            firsts = [paint(browser, url, path, token) for _ in range(asked.paints)]
            typical = sorted(firsts, key=lambda it: it["paint s"])[len(firsts) // 2]
            is_late = typical["paint s"] > PAINT_BUDGET_S
            is_in_time &= not is_late
            show(PAINTS, {"page": name, "database": kind, **typical, "late": "LATE" if is_late else ""})
            for question in typical["asked"] if asked.verbose else ():
                print("   ", question)
    return is_in_time


def paint(browser, url: str, path: str, token: str) -> dict:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.add_cookies([{"name": "_token", "value": token, "url": url}])
        page = context.new_page()
        first = opened(page, f"{url}/jobmon{path}")
        again = opened(page, f"{url}/jobmon{path}")
    return {
        "questions": len(first["questions"]),
        "paint s": first["paint"] / 1000,
        "filled s": first["filled"] / 1000,
        "again s": again["paint"] / 1000,
        "asked": sorted(first["questions"]),
    }


def opened(page, address: str) -> dict:
    page.goto(address, wait_until="networkidle")
    return page.evaluate(PAINTED)


def show(columns, report: dict) -> None:
    first, *rest = columns
    cells = (f"{workbench.cell(name, report[name]):>11}" for name in rest)
    print(f"{str(report[first])[:60]:<60}", *cells, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--sqlite", type=Path, help="a file with a big world")
    parser.add_argument("--postgresql", help="the address of a database with a big world, which is migrated")
    parser.add_argument("--locations", type=int, default=1000, help="of the big workflow: 500 tasks each")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--paints", type=int, default=3)
    parser.add_argument("--only", nargs="+", help="words in the paths of questions")
    parser.add_argument("--verbose", action="store_true", help="name the questions that each page asks")
    parser.add_argument("--folder", default=os.environ.get("TMPDIR"), help="where files of 2 GB may lie")
    return parser


if __name__ == "__main__":
    sys.exit(main())
