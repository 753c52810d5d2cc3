"""``python -m jobmon_airflow``: the command ``jobmon``, where it is not on the path."""

import sys

from jobmon_airflow.cli.console import main

if __name__ == "__main__":
    sys.exit(main())
