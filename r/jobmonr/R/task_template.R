task_template <- function(tool, template_name, command_template, node_args = NULL, task_args = NULL,
                          op_args = NULL, ...) {
  call_python(
    tool, "get_task_template",
    template_name = template_name, command_template = command_template,
    node_args = as_names(node_args), task_args = as_names(task_args), op_args = as_names(op_args), ...
  )
}

set_default_template_resources <- function(task_template, default_cluster_name, resources = NULL,
                                           path_to_yaml = NULL) {
  set_default_resources(task_template, default_cluster_name, resources, path_to_yaml)
}
