# What an argument is meant to be, where R's users write it in more than one way.

# Tasks in any order of lists: one task, a list of them, lists of lists, a Python set, an array.
as_tasks <- function(x) {
  if (inherits(x, "jobmon_airflow.client.array.Array")) return(x$tasks)
  if (inherits(x, "python.builtin.set")) return(reticulate::iterate(x))
  if (is_python(x) || is.function(x) || is.atomic(x) && length(x) > 0) return(list(x))
  as.list(unlist(lapply(unname(x), as_tasks), recursive = FALSE))
}

# Names of arguments: a list or a vector, of one or of many.
as_names <- function(x) if (!is.null(x)) as.list(as.character(unlist(x)))

# c(memory = "2G") as list(memory = "2G").
as_mapping <- function(x) if (is.atomic(x) && !is.null(x)) as.list(x) else x

# Values of a node arg; that sapply names its values by themselves makes no dictionary of them.
as_values <- function(x) if (is_python(x) || is.function(x)) x else unname(x)

# All that was said: settings by their names, and in `...` a template's args, besides settings in their documented order.
all_said <- function(settings, dots, order = names(settings)) {
  dots <- in_order(dots, order)
  settings <- settings[setdiff(names(settings), names(dots))]
  c(Filter(Negate(is.null), settings), dots)
}

in_order <- function(dots, order) {
  named <- names(dots)
  if (is.null(named)) named <- character(length(dots))
  bare <- which(!nzchar(named))
  free <- setdiff(order, named)
  if (length(bare) > length(free)) {
    refuse(
      paste0("A value has no name: ", said_shortly(dots[[bare[length(free) + 1]]]), "."),
      "Name it as the command template does: task(my_template, location_id = 7).",
      "InvalidArguments"
    )
  }
  named[bare] <- free[seq_along(bare)]
  stats::setNames(dots, named)
}

# R takes the beginning of an argument's name for the name: t = 1 would be lost for a template that has an arg t.
refuse_shortened <- function(call, arguments) {
  named <- names(as.list(call)[-1])
  unnamed <- setdiff(arguments, named)
  for (name in setdiff(named, c("", arguments))) {
    if (length(meant <- unnamed[startsWith(unnamed, name)]) > 0) {
      refuse(
        paste0("R takes '", name, "' for ", meant[1], "."),
        paste0("Write ", meant[1], " = in full, and '", name, "' is an arg of the template; or write what you mean."),
        "InvalidArguments"
      )
    }
  }
}
