"""Moving in: what an original Jobmon 3.x knows of its workflows, brought into our database.

`bringing` goes through the workflows group by group; `original` reads, `values` translates, and the other modules each
bring one kind of rows. Everything may be interrupted and repeated: see `jobmon_airflow.store.imported`.
"""
