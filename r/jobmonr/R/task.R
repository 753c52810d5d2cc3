# Settings stand behind the dots, so that a template may have args that begin as they do, such as n or max.

task <- function(task_template, ..., name = "", compute_resources = NULL, upstream_tasks = list(),
                 task_attributes = list(), max_attempts = NULL, executor_parameters = NULL) {
  refuse_shortened(sys.call(), "task_template")
  said <- all_said(
    list(
      name = name, compute_resources = compute_resources, upstream_tasks = upstream_tasks,
      task_attributes = task_attributes, max_attempts = max_attempts, executor_parameters = executor_parameters
    ),
    list(...)
  )
  call_with(task_template, "create_task", with_settings(said))
}

array_tasks <- function(task_template, ..., upstream_tasks = list(), max_attempts = NULL, compute_resources = NULL,
                        cluster_name = "") {
  refuse_shortened(sys.call(), "task_template")
  settings <- list(
    upstream_tasks = upstream_tasks, max_attempts = max_attempts, compute_resources = compute_resources,
    cluster_name = cluster_name
  )
  said <- all_said(settings, lapply(list(...), as_values))
  call_with(task_template, "create_tasks", with_settings(said))
}

get_tasks_by_node_args <- function(workflow, task_template_name, ...) {
  refuse_shortened(sys.call(), c("workflow", "task_template_name"))
  said <- c(list(task_template_name = task_template_name), lapply(list(...), as_values))
  call_with(workflow, "get_tasks_by_node_args", said)
}

with_settings <- function(said) {
  said$upstream_tasks <- as_tasks(said$upstream_tasks)
  for (name in intersect(names(said), c("compute_resources", "task_attributes", "resource_scales"))) {
    said[[name]] <- as_mapping(said[[name]])
  }
  said
}
