"""The JSON API, one router a topic: rights, questions, answers. What is answered, `jobmon_airflow.view` finds."""
