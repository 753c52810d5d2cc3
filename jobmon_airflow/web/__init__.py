"""Jobmon's pages on Airflow's API server.

`service` finds what is shown and knows no framework, `pages` draws it, `access` asks Airflow who may see it, and `app`
puts them together. The plugin mounts it at ``/jobmon``.
"""
