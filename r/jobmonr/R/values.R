# R's values as Python's users write them: named lists are dictionaries, other lists and vectors of several values are
# lists, a vector of one value is that value. That 1 is an integer is said by jobmon_airflow.from_r.

as_python <- function(x) {
  if (is.null(x) || is_python(x)) return(x)
  if (is.function(x)) return(as_python_function(x))
  if (is.list(x) && !inherits(x, "POSIXlt")) return(as_python_list(x))
  as_python_vector(x)
}

as_python_function <- function(f) {
  from_r()$RFunction(function(...) as_python(f(...)))
}

as_python_list <- function(x) {
  if (!is.null(names(x)) && !all(nzchar(names(x)))) {
    refuse(
      paste0("A list has names for some of its values and none for others: ", said_shortly(names(x)), "."),
      "Name all of them, which makes a dictionary, or none, which makes a list.",
      "InvalidValue"
    )
  }
  lapply(unclass(x), as_python)
}

as_python_vector <- function(x) {
  named <- names(x)
  x <- plain_vector(x)
  if (length(x) == 0) return(list())
  if (length(x) == 1 || is.null(named)) return(x)
  stats::setNames(as.list(x), named)
}

# Texts, numbers, or TRUE and FALSE, without what else R knows about them.
plain_vector <- function(x) {
  refuse_other_kinds(x)
  refuse_missing(x)
  if (inherits(x, c("factor", "Date", "POSIXt"))) {
    x <- if (is.factor(x)) as.character(x) else format(x)
  } else if (inherits(x, "difftime")) {
    x <- as.numeric(x, units = "secs")
  } else if (inherits(x, "integer64")) {
    x <- whole_numbers(x)
  }
  x <- as.vector(unclass(x))
  names(x) <- NULL
  if (is.character(x)) enc2utf8(x) else x
}

# bit64 keeps its integers in the bits of doubles, which to anybody else are other numbers.
whole_numbers <- function(x) {
  if (!requireNamespace("bit64", quietly = TRUE)) {
    refuse(
      "A value is an integer64, and the package bit64, which can read it, is not installed.",
      "Install it: install.packages(\"bit64\"). Or pass as.integer(...) of it.",
      "InvalidValue"
    )
  }
  digits <- bit64::as.character.integer64(x)
  numbers <- as.numeric(digits)
  if (all(abs(numbers) < 2^53)) numbers else digits
}

refuse_other_kinds <- function(x) {
  if (!is.logical(x) && !is.numeric(x) && !is.character(x) && !inherits(x, c("factor", "Date", "POSIXt", "difftime"))) {
    refuse(
      paste0("A value of class ", class(x)[1], " cannot be a task's, nor a setting."),
      "Pass a text, a number, TRUE or FALSE, or a list of them.",
      "InvalidValue"
    )
  }
}

refuse_missing <- function(x) {
  if (anyNA(x)) {
    refuse(
      paste0("A value is missing: ", said_shortly(x), "."),
      "Leave it out, say with x[!is.na(x)]. Python's None is NULL.",
      "InvalidValue"
    )
  }
}
