"""What runs on compute nodes: no database, no Airflow, and little to import."""
