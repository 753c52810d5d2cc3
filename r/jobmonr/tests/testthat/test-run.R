test_that("a workflow runs and returns the letter of its status", {
  of <- local_tool("runs")
  wf <- add_tasks(workflow(of, "v1"), array_tasks(shell(of, "x"), x = 1:3))
  status <- quietly(run(wf))

  expect_identical(status, "D")
  expect_type(wf$workflow_id, "integer")
  expect_equal(nrow(task_errors(wf)), 0)
  expect_error(run(wf, resume = TRUE), "nothing is left to run", class = "WorkflowAlreadyComplete")
})

test_that("a workflow goes on where it failed, by its definition and by its id", {
  of <- local_tool("resumes")
  gate <- tempfile("gate")
  look <- task_template(of, "look", "cat {path:q}", node_args = "path")
  define <- function() add_tasks(workflow(of, "v1"), task(look, path = gate, max_attempts = 1))
  wf <- define()

  expect_identical(quietly(run(wf, fail_fast = TRUE)), "E")
  failed <- task_errors(wf)
  expect_named(failed, c("task", "task_instance_id", "description"))
  expect_match(failed$description, "No such file or directory")
  expect_error(run(define()), "was begun before.*run\\(workflow, resume = TRUE\\)", class = "WorkflowAlreadyExists")
  again <- reticulate::py_capture_output(run(define(), resume = TRUE), type = "stderr")
  expect_match(again, "To run again what is not done:\n  run(workflow, resume = TRUE)", fixed = TRUE)
  expect_identical(quietly(resume_workflow(wf$workflow_id)), "E")
  writeLines("open", gate)
  expect_identical(quietly(run(define(), resume = TRUE)), "D")
})

test_that("a function of R says what a task asks for when it is about to run", {
  of <- local_tool("functions")
  asked <- 0
  measured <- function() {
    asked <<- asked + 1
    list(memory = "200M", cores = 1)
  }
  template <- shell(of, "x")
  wf <- add_tasks(workflow(of), list(
    task(template, x = "good", compute_resources = measured),
    task(template, x = "bad", compute_resources = function() stop("nobody measured"), max_attempts = 1)
  ))

  expect_identical(quietly(run(wf)), "E")
  expect_equal(asked, 1)
  expect_equal(task_errors(wf)$task, "shell_x-bad")
  expect_match(task_errors(wf)$description, "nobody measured")
})

test_that("a function of R says how a resource grows that was too small", {
  of <- local_tool("scales")
  before <- numeric()
  grown <- function(gibibytes) {
    before <<- c(before, gibibytes)
    2
  }
  fills <- "{python:q} -c 'import time; kept = b\"x\" * {size}; time.sleep(2)'"
  template <- task_template(of, "fill", fills, node_args = "size", op_args = "python")
  hungry <- task(template, size = 3e8, python = reticulate::py_config()$python, resource_scales = list(memory = grown))
  wf <- add_tasks(workflow(of), hungry)

  expect_identical(quietly(run(wf)), "D")
  expect_equal(before, 100 / 1024)
})

test_that("what is set in R since Python began is seen by Python and by commands", {
  of <- local_tool("environment")
  usual_home <- Sys.getenv("AIRFLOW_HOME")
  Sys.setenv(AIRFLOW_HOME = tempfile("elsewhere"), JOBMONR_TEST = "seen")
  on.exit(Sys.setenv(AIRFLOW_HOME = usual_home))
  on.exit(Sys.unsetenv("JOBMONR_TEST"), add = TRUE)

  elsewhere <- local_tool("environment")
  template <- task_template(elsewhere, "look", "test {what} = \"$JOBMONR_TEST\"", node_args = "what")
  wf <- add_tasks(workflow(elsewhere), task(template, what = "seen", max_attempts = 1))

  expect_identical(quietly(run(wf)), "D")
  expect_true(file.exists(file.path(Sys.getenv("AIRFLOW_HOME"), "jobmon.db")))
})

test_that("a job notes facts about its own task", {
  of <- local_tool("jobs")
  script <- tempfile(fileext = ".R")
  writeLines(c(
    sprintf(".libPaths(c(%s))", paste(deparse(.libPaths()), collapse = "")),
    "jobmonr::add_task_attributes(list(draws = 1000))"
  ), script)
  template <- task_template(of, "note", "Rscript {script:q}", node_args = "script")  # which needs an R of its own
  wf <- add_tasks(workflow(of), task(template, script = script, max_attempts = 1, compute_resources = list(memory = "1G")))

  status <- quietly(run(wf))
  expect_identical(status, "D", info = task_errors(wf)$description)
  expect_error(add_task_attributes(list(draws = 1)), "No task is running here", class = "InvalidDefinition")
})
