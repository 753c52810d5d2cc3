"""``python -m jobmon_airflow.store``: look after the tables.

    python -m jobmon_airflow.store address            where the database is, and who says so
    python -m jobmon_airflow.store check              whether its tables are those that this version needs
    python -m jobmon_airflow.store migrate            make the tables, or bring them up to date
    python -m jobmon_airflow.store migrate 0001       go to this version, forwards or backwards
    python -m jobmon_airflow.store migrate base       remove all of them

Each takes ``--database ADDRESS`` in place of the usual one.
"""

from __future__ import annotations

import argparse
import sys

from jobmon_airflow import settings
from jobmon_airflow.errors import JobmonError
from jobmon_airflow.store import migrations
from jobmon_airflow.store.database import Database


def main(arguments: list[str] | None = None) -> int:
    """Do what was typed; 0 is success, 1 says on stderr what is wrong and what to do."""
    asked = _parser().parse_args(arguments)
    try:
        print(_answer(asked))  # noqa: T201 - a command's output
    except JobmonError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _answer(asked: argparse.Namespace) -> str:
    address = settings.database_address(asked.database)
    database = Database.open(address)
    try:
        match asked.command:
            case "address":
                return f"{database.name}, from {address.origin}"
            case "check":
                migrations.check(database)
                return f"The tables in {database.name} are of version {migrations.HEAD}, as they should be."
            case _:
                version = migrations.migrate(database, asked.revision)
                return f"The tables in {database.name} are of version {version or 'none: they are gone'}."
    finally:
        database.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m jobmon_airflow.store",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--database", metavar="ADDRESS", help="the database's address, in place of the usual one"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("address", parents=[shared], help="where the database is")
    commands.add_parser("check", parents=[shared], help="whether its tables are right")
    migrate = commands.add_parser("migrate", parents=[shared], help="make or move the tables")
    migrate.add_argument(
        "revision", nargs="?", default="head", choices=["head", "base", *migrations.REVISIONS]
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
