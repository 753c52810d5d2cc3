"""Maps the repository's given top level onto one package; everything else is in pyproject.toml.

``operators/``, ``hooks/`` and ``plugins/`` stand at the top of the repository and install as
``jobmon_airflow.operators``, ``.hooks`` and ``.plugins``. The committed links of the same names
inside ``jobmon_airflow/`` say the same to every tool that reads the checkout.
"""

from setuptools import find_packages, setup

BESIDE_THE_PACKAGE = ("operators", "hooks", "plugins")
# Has no __init__.py, because Alembic reads files; setuptools must be told that they are ours.
WITHOUT_INIT = ("store.migrations.versions",)


def packages() -> list[str]:
    linked = tuple(f"{name}{suffix}" for name in BESIDE_THE_PACKAGE for suffix in ("", ".*"))
    own = find_packages("jobmon_airflow", exclude=linked)
    mapped = [
        name
        for folder in BESIDE_THE_PACKAGE
        for name in (folder, *(f"{folder}.{child}" for child in find_packages(folder)))
    ]
    return ["jobmon_airflow", *(f"jobmon_airflow.{name}" for name in (*own, *mapped, *WITHOUT_INIT))]


setup(
    packages=packages(),
    package_dir={
        "jobmon_airflow": "jobmon_airflow",
        **{f"jobmon_airflow.{name}": name for name in BESIDE_THE_PACKAGE},
    },
)
