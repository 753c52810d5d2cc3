"""Write the OpenAPI document of the API into a file, without a server: the front end's types are made from it."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Write it into the file that is named."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["AIRFLOW_HOME"] = home  # Airflow writes its configuration wherever it is imported
        os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{home}/none.db"
        from jobmon_airflow.web.app import create_app

        Path(sys.argv[1]).write_text(json.dumps(create_app().openapi()))


if __name__ == "__main__":
    main()
