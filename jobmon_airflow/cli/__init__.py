"""What one types: one function per command, which returns text and needs no Airflow.

`jobmon_airflow.cli.definition` mounts them as ``airflow jobmon ...``.
"""
