# A database of these tests alone, in a folder that goes with the session.
Sys.setenv(AIRFLOW_HOME = tempfile("airflow"))
Sys.unsetenv(c("JOBMON__DB__SQLALCHEMY_DATABASE_URI", "AIRFLOW__JOBMON__SQL_ALCHEMY_CONN"))
