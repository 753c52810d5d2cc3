tool <- function(name = NULL, active_tool_version_id = "latest", database = NULL) {
  tell_environment()
  # The one of which also scripts for Jobmon 2 can ask all that they do.
  call_python(
    reticulate::import("jobmon_airflow.classic.tool"), "Tool",
    name = name, active_tool_version_id = active_tool_version_id, database = database
  )
}

create_new_tool_version <- function(tool) {
  call_python(tool, "get_new_tool_version")
}

set_default_tool_resources <- function(tool, default_cluster_name, resources = NULL, path_to_yaml = NULL) {
  set_default_resources(tool, default_cluster_name, resources, path_to_yaml)
}

# The same on tools, workflows and templates.
set_default_resources <- function(level, cluster, resources, path_to_yaml) {
  if (is.null(resources) == is.null(path_to_yaml)) {
    refuse(
      if (is.null(resources)) "Neither resources nor path_to_yaml is given." else "Both resources and path_to_yaml are given.",
      "Give one of them: resources = list(memory = \"2G\", runtime = \"1h\"), or path_to_yaml = \"resources.yaml\".",
      "InvalidArguments"
    )
  }
  if (is.null(path_to_yaml)) {
    call_python(
      level, "set_default_compute_resources_from_dict",
      cluster_name = cluster, compute_resources = as_mapping(resources)
    )
  } else {
    call_python(
      level, "set_default_compute_resources_from_yaml",
      default_cluster_name = cluster, yaml_file = path_to_yaml
    )
  }
  invisible(level)
}
