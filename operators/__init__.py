"""Airflow operators that run Jobmon workflows and single commands."""
