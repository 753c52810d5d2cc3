"""What people see of workflows, whatever shows it: functions from a connection and plain values to plain values.

Neither a web framework nor Airflow is known here. Who may see what is for the callers to say: a list takes a function
that answers it. What comes back are frozen dataclasses of what JSON can carry, with moments in UTC.
"""
