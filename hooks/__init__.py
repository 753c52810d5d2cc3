"""Airflow hooks: from an Airflow connection to a configured cluster or database."""
