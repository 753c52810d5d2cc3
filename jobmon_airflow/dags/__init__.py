"""Airflow DAGs from workflows."""
