"""Jobmon's view on Airflow's API server: a JSON API, and the front end that shows what it says.

`jobmon_airflow.view` finds what is shown and knows no framework. `access` asks Airflow who may see it, `api` answers
in JSON and CSV, `pages` brings the front end (built from ``frontend/`` into ``static/``), and `app` puts them
together. The plugin mounts it at ``/jobmon``.
"""
