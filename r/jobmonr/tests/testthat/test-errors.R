test_that("an error says what happened and what to do, and is caught by its kind", {
  template <- shell(tool("errors"), "x")
  error <- tryCatch(task(template), InvalidArguments = identity)

  expect_s3_class(error, c("InvalidArguments", "InvalidDefinition", "JobmonError", "error", "condition"), exact = TRUE)
  expect_match(error$problem, "do not match: x missing")
  expect_match(error$remedy, "It takes exactly x")
  expect_equal(conditionMessage(error), paste(error$problem, error$remedy, sep = "\n"))
})

test_that("an argument that Python does not know is told with those that it knows", {
  expect_error(workflow(tool("errors"), nmae = "x"), "has no argument nmae.*It takes .*name", class = "InvalidArguments")
  expect_error(executor_parameters(cores = 1), "has no argument cores.*num_cores", class = "InvalidArguments")
})

test_that("remedies are written as R has it", {
  of <- tool("errors")
  homeless <- add_tasks(workflow(of), task(shell(of, "x"), x = 1))
  error <- tryCatch(homeless$workflow_id, error = conditionMessage)
  expect_match(error, "bind")

  told <- tryCatch(task_errors(homeless), JobmonError = function(e) e$remedy)
  expect_match(told, "workflow\\$bind\\(\\)")
})

test_that("what is no tool, template or workflow is told by what it is", {
  expect_error(workflow("burden"), "'\"burden\"' was given where create_workflow", class = "InvalidArguments")
  expect_error(run(tool), "A function of R was given", class = "InvalidArguments")
  expect_error(workflow(tool), "A function of R was given", class = "InvalidArguments")
})

test_that("help is there for what there is help for", {
  expect_output(jobmon_help("workflow"), "add_tasks")
  expect_output(jobmon_help(tool("help")), "get_task_template")
  expect_error(jobmon_help("wrokflow"), "no help about 'wrokflow'.*task_template", class = "UnknownName")
})

test_that("another version of Python's package is told, save for the last number", {
  own <- as.character(utils::packageVersion("jobmonr"))

  expect_silent(jobmonr:::warn_of_other_version(own))
  expect_silent(jobmonr:::warn_of_other_version(sub("[0-9]+$", "99", own)))
  expect_warning(jobmonr:::warn_of_other_version("77.1.0"), "jobmon_airflow in Python of 77.1.0.*R CMD INSTALL")
})
