"""The Jobmon tables as they are, for people who want them raw: Flask-AppBuilder on top of `jobmon_airflow.store`.

`models` maps classes onto the schema's tables, `rights` says who sees which of them and which rows, `reading` is how
AppBuilder gets at rows, `filters` what it can search by, `views` what it shows, `security` what it may show to whom,
`site` the AppBuilder itself, and `mount` its place in our web application. Nothing can be changed here, nothing is
counted, and no page runs a script that is not ours. It is made when somebody first asks for one of its pages.
"""
