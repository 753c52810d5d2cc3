workflow <- function(tool, workflow_args = "", workflow_attributes = list(), ...) {
  made <- call_python(
    tool, "create_workflow",
    workflow_args = workflow_args, workflow_attributes = as_mapping(workflow_attributes), ...
  )
  made$resumed_by <- "run(workflow, resume = TRUE)"
  made
}

add_tasks <- function(workflow, tasks) {
  call_python(workflow, "add_tasks", tasks = as_tasks(tasks))
  invisible(workflow)
}

add_arrays <- function(workflow, arrays) add_tasks(workflow, arrays)

set_default_workflow_resources <- function(workflow, default_cluster_name, resources = NULL, path_to_yaml = NULL) {
  set_default_resources(workflow, default_cluster_name, resources, path_to_yaml)
}

bind <- function(workflow) {
  call_python(workflow, "bind")
  invisible(workflow)
}

run <- function(workflow, resume = FALSE, seconds_until_timeout = 36000, ...) {
  tell_environment()
  call_python(workflow, "run", resume = resume, seconds_until_timeout = seconds_until_timeout, ...)
}

resume_workflow <- function(workflow_id, ...) {
  tell_environment()
  call_python(jobmon_module(), "resume_workflow", workflow_id = workflow_id, ...)
}

submit <- function(workflow, ...) {
  tell_environment()
  call_python(workflow, "submit", ...)
}

task_errors <- function(workflow) {
  errors <- Filter(Negate(is.null), call_python(workflow, "task_errors"))
  last <- lapply(errors, function(error) error$error_log[[length(error$error_log)]])
  data.frame(
    task = as.character(names(errors)),
    task_instance_id = vapply(errors, function(error) as.integer(error$task_instance_id), integer(1)),
    description = vapply(last, function(text) text$description, character(1)),
    row.names = NULL
  )
}
