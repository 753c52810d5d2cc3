"""The only place that speaks SQL.

``schema`` holds the tables, ``database`` opens them, ``migrations`` brings them up to date, ``sets`` moves
many rows at once; beside them stands one module of functions per aggregate. Each function takes a
connection first, says in its name what happens, and moves a set of rows. Transactions belong to the
caller (``Database.write`` and ``Database.read``), so that functions can be joined into one.
"""
