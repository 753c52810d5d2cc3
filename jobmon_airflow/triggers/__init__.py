"""What waits in Airflow's triggerer. Airflow stores the paths of these classes: they stay where they are."""
