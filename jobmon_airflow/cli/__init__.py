"""What one types: one function per command, which returns an `Answer` and needs no Airflow.

`jobmon_airflow.cli.definition` declares the commands once; they are mounted as ``jobmon ...`` and as
``airflow jobmon ...``.
"""
