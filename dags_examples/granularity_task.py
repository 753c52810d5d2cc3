"""A small workflow in which each task is an Airflow task, with a log, retries and a clear of its own.

    transform_year-1990  >>  aggregate_year-1990
    transform_year-2020  >>  aggregate_year-2020          each aggregate waits for its own year

There is a group for each template. Airflow's scheduler does the work that else the engine does: it manages some tasks a
second, where the engine manages a thousand. So this is for tens or hundreds of tasks; 5,000 are the most.
"""

from jobmon_airflow import Tool

tool = Tool("examples")
tool.set_default_cluster_name("multiprocess")
tool.set_default_compute_resources_from_dict("multiprocess", {"memory": "1G", "runtime": "1m"})

transform = tool.get_task_template("transform", "echo transform.py --year {year}", node_args=["year"])
aggregate = tool.get_task_template("aggregate", "echo aggregate.py --year {year}", node_args=["year"])

workflow = tool.create_workflow(name="granularity_task")
for year in [1990, 2020]:
    of_year = transform.create_task(year=year)
    workflow.add_tasks([of_year, aggregate.create_task(year=year, upstream_tasks=[of_year])])

dag = workflow.to_dag(granularity="task", tags=["example"])
