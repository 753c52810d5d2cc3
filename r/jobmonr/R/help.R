jobmon_help <- function(object) {
  cat(call_python(from_r(), "described", subject = object), "\n")
  invisible(NULL)
}
