# Workflows of commands that take no time.

small <- list(memory = "100M", runtime = "1m", cores = 1)

local_tool <- function(name) {
  set_default_tool_resources(tool(name), "multiprocess", small)
}

shell <- function(of, args) {
  gaps <- paste0("{", args, ":q}", collapse = " ")
  task_template(of, "shell", paste("echo", gaps), node_args = args)
}

commands <- function(tasks) vapply(tasks, function(task) task$command, "")

# What runs while the other messages of a run, which go to Python's stderr, are kept from the report.
quietly <- function(expr) {
  reticulate::py_capture_output(value <- expr)
  value
}
