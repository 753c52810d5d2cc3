# What scripts for Jobmon 1 and 2 say in place of compute_resources and clusters.

executor_parameters <- function(...) {
  from_r()
  said <- list(...)
  for (name in intersect(names(said), c("context_args", "resource_scales"))) said[[name]] <- as_mapping(said[[name]])
  call_with(reticulate::import("jobmon_airflow.classic.parameters"), "ExecutorParameters", said)
}

set_executor <- function(workflow, executor_class = "SGEExecutor", ...) {
  call_python(workflow, "set_executor", executor_class = executor_class, ...)
  invisible(workflow)
}

copy <- function(x) {
  if (is_python(x)) call_python(from_r(), "copied", value = x) else x
}
