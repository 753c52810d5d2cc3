# The other side: the module jobmon_airflow.from_r, and calls of it.

the <- new.env(parent = emptyenv())

# Python begins with the first call and not with library(jobmonr), so that a script may say first which Python it is.
from_r <- function() {
  if (is.null(the$from_r)) the$from_r <- found_module()
  the$from_r
}

found_module <- function() {
  if (!reticulate::py_available(initialize = TRUE) || !reticulate::py_module_available("jobmon_airflow")) {
    refuse(
      paste0("The Python that R uses here, ", python_used(), ", has no jobmon_airflow."),
      paste0(
        "Restart R and name one that has it before anything uses Python: ",
        "Sys.setenv(RETICULATE_PYTHON = \"/path/to/bin/python\"). Or install it there, from a checkout: pip install ."
      ),
      "PythonLacksJobmon"
    )
  }
  warn_of_other_version(reticulate::import("jobmon_airflow")$`__version__`)
  module <- reticulate::import("jobmon_airflow.from_r")
  module$take_environment(as.list(Sys.getenv()))
  module
}

python_used <- function() {
  if (reticulate::py_available()) reticulate::py_config()$python else "none"
}

warn_of_other_version <- function(of_python) {
  of_r <- as.character(utils::packageVersion("jobmonr"))
  if (!identical(minor(of_r), minor(of_python))) {
    warning(
      "jobmonr is of version ", of_r, ", jobmon_airflow in Python of ", of_python, ".\n",
      "Install jobmonr from the sources of jobmon_airflow ", of_python, ": R CMD INSTALL r/jobmonr",
      call. = FALSE
    )
  }
}

minor <- function(version) sub("^([0-9]+[.][0-9]+).*", "\\1", version)

# Call a method of something in Python. What is NULL was not said. Dots, so that any argument may be passed by its name.
call_python <- function(.target, .method, ...) {
  call_with(.target, .method, Filter(Negate(is.null), list(...)))
}

call_with <- function(target, method, arguments) {
  if (!is_python(target)) {
    refuse(
      paste0(said_shortly(target), " was given where ", method, " needs what tool(), task_template() or workflow() returned."),
      "Pass that, and name the arguments: task(task_template = my_template, ...).",
      "InvalidArguments"
    )
  }
  answer <- from_r()$call(target, method, as_python(arguments))
  if (!is.null(answer$problem)) refuse(answer$problem, answer$remedy, answer$kinds)
  answer$value
}

# Variables that a script set since Python began, such as the address of the database.
tell_environment <- function() {
  from_r()$take_environment(as.list(Sys.getenv()))
}

is_python <- function(x) inherits(x, "python.builtin.object")

said_shortly <- function(x) {
  if (is.function(x)) "A function of R" else paste0("'", substr(paste(deparse(x), collapse = " "), 1, 60), "'")
}

jobmon_module <- function() {
  from_r()
  reticulate::import("jobmon_airflow")
}
