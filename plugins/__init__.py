"""What Airflow discovers: the provider's description and the plugin that mounts the view."""
