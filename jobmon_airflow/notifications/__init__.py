"""Notifications of Airflow that say what became of a workflow."""
