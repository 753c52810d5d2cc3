# Errors as R shows them: what happened, and below it what to do.

# Kinds are names of Python's classes, the most special first: tryCatch(..., WorkflowAlreadyComplete = function(e) ...).
refuse <- function(problem, remedy, kinds) {
  stop(structure(
    class = unique(c(unlist(kinds), "JobmonError", "error", "condition")),
    list(message = paste(problem, remedy, sep = "\n"), call = NULL, problem = problem, remedy = remedy)
  ))
}
