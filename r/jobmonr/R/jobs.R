# What a job may say of itself; jobs are other processes than the one that runs the workflow.

add_task_attributes <- function(task_attributes, task_id = NULL) {
  tell_environment()
  call_python(
    jobmon_module(), "add_task_attributes",
    task_attributes = as_mapping(task_attributes), task_id = task_id
  )
  invisible(NULL)
}
