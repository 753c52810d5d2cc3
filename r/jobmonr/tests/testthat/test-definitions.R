test_that("a tool has a name, the user's if none is given", {
  expect_equal(tool("burden")$name, "burden")
  expect_match(tool()$name, "^unknown-")
})

test_that("a new version of a tool has another id", {
  of <- tool("versions")
  first <- of$active_tool_version_id
  second <- create_new_tool_version(of)

  expect_gt(second, first)
  expect_identical(of$active_tool_version_id, second)
  expect_identical(tool("versions", active_tool_version_id = first)$active_tool_version_id, first)
  expect_error(tool("versions", active_tool_version_id = 999), "no version 999", class = "UnknownVersion")
})

test_that("args of a template are lists or vectors, of one or of many", {
  of <- tool("templates")
  versions <- lapply(list("a", list("a"), c("a", "b"), list("a", "b")), function(args) {
    task_template(of, "t", "run {a} {b}", node_args = args)$active_task_template_version$node_args
  })

  expect_equal(lapply(versions, unlist), list("a", "a", c("a", "b"), c("a", "b")))
})

test_that("where no node args are named, task args tell tasks apart, as in Jobmon 2", {
  of <- local_tool("of 2021")
  wf <- workflow(of)
  template <- task_template(of, "echo", "echo {x}", task_args = "x")
  add_tasks(wf, list(task(template, x = 1), task(template, x = 2)))
  strict <- task_template(of, "strict", "echo {x}", node_args = list(), task_args = "x")

  expect_length(wf$tasks, 2)
  expect_error(
    add_tasks(wf, list(task(strict, x = 1), task(strict, x = 2))),
    class = "DuplicateNodeArgsError"
  )
})

test_that("array_tasks makes a task for every combination, however the values are written", {
  template <- shell(tool("arrays"), c("where", "year"))

  expect_equal(
    commands(array_tasks(template, where = c("US", "KE"), year = c(1990, 2020))),
    c("echo US 1990", "echo US 2020", "echo KE 1990", "echo KE 2020")
  )
  expect_equal(commands(array_tasks(template, where = "US", year = list(1990L))), "echo US 1990")
  named <- sapply(c("US", "KE"), identity)
  expect_equal(commands(array_tasks(template, where = named, year = 1990)), c("echo US 1990", "echo KE 1990"))
  expect_equal(commands(array_tasks(template, where = list(a = "US"), year = factor(c("x", "y")))), c("echo US x", "echo US y"))
  expect_equal(array_tasks(template, where = character(), year = 1990), list())
})

test_that("a function of R names the tasks of an array", {
  template <- shell(tool("names"), "where")
  tasks <- array_tasks(template, where = c("US", "KE"), name = function(where) paste0("in_", where))

  expect_equal(vapply(tasks, function(task) task$name, ""), c("in_US", "in_KE"))
})

test_that("settings may stand in their documented order, and args have names that begin as settings do", {
  of <- tool("order")
  template <- task_template(of, "t", "run {n} {max}", node_args = c("n", "max"))
  made <- task(template, "seven", list(memory = "4G"), n = 7, max = 8)

  expect_equal(made$name, "seven")
  expect_equal(made$command, "run 7 8")
  expect_equal(as.character(made$compute_resources$memory), "4G")
  expect_error(task(template, "a", list(), list(), list(), 3, NULL, "too much"), "has no name", class = "InvalidArguments")
})

test_that("an arg whose name R would take for another is refused with a remedy", {
  of <- tool("short")
  template <- task_template(of, "t", "run {task}", node_args = "task")

  expect_error(task(template, task = 1), "R takes 'task' for task_template", class = "InvalidArguments")
  expect_equal(task(task_template = template, task = 1)$command, "run 1")
  wf <- add_tasks(workflow(local_tool("short")), task(task_template = template, task = 1))
  expect_error(get_tasks_by_node_args(wf, "t", task = 1), "task_template_name = in full", class = "InvalidArguments")
  found <- get_tasks_by_node_args(workflow = wf, task_template_name = "t", task = 1)
  expect_equal(commands(found), "run 1")
})

test_that("tasks are added however they are listed", {
  of <- local_tool("lists")
  template <- shell(of, "x")
  make <- function(x) task(template, x = x)
  wf <- workflow(of)

  wf <- add_tasks(wf, make("alone"))
  wf <- add_tasks(wf, list(a = make("named"), b = make("too")))
  wf <- add_tasks(wf, list(list(make("nested")), list(deep = list(make("deeper")))))
  wf <- add_tasks(wf, list())
  wf <- add_arrays(wf, list(array_tasks(template, x = c("of", "array"))))

  expect_equal(
    commands(wf$tasks),
    paste("echo", c("alone", "named", "too", "nested", "deeper", "of", "array"))
  )
  expect_error(add_tasks(wf, "no task"), "it is no task", class = "InvalidDefinition")
})

test_that("upstreams are tasks, lists of them, sets of Python, or arrays", {
  of <- local_tool("upstreams")
  template <- shell(of, "x")
  first <- array_tasks(template, x = 1:3)
  wf <- add_tasks(workflow(of), first)
  waits_for <- function(upstreams) length(reticulate::iterate(task(template, x = 9, upstream_tasks = upstreams)$upstream_tasks))

  expect_equal(waits_for(first), 3)
  expect_equal(waits_for(first[[1]]), 1)
  expect_equal(waits_for(stats::setNames(first, c("a", "b", "c"))), 3)
  expect_equal(waits_for(task(template, x = 8, upstream_tasks = first)$upstream_tasks), 3)
  expect_equal(waits_for(wf$arrays$shell), 3)
  expect_equal(waits_for(NULL), 0)
})

test_that("resources come from lists, vectors and files, the nearest first", {
  of <- tool("resources")
  file <- tempfile(fileext = ".yaml")
  writeLines(c(
    "tool_resources:", "  multiprocess: {memory: 1G, runtime: 10m, cores: 1}",
    "task_template_resources:", "  shell:", "    multiprocess: {memory: 2G}"
  ), file)
  of <- set_default_tool_resources(of, "multiprocess", path_to_yaml = file)
  template <- set_default_template_resources(shell(of, "x"), "multiprocess", path_to_yaml = file)
  wf <- set_default_workflow_resources(workflow(of), "multiprocess", resources = c(runtime = "20m", memory = "9G"))
  made <- task(template, x = 1, compute_resources = list(cores = 3))
  add_tasks(wf, made)

  expect_equal(made$cluster_name, "multiprocess")
  asked <- lapply(made$compute_resources, as.character)
  expect_equal(asked[c("memory", "runtime", "cores")], list(memory = "2G", runtime = "20m", cores = "3"))
})

test_that("one way to say resources is asked for, and not two", {
  of <- tool("resources")

  expect_error(set_default_tool_resources(of, "slurm"), "Neither resources nor path_to_yaml", class = "InvalidArguments")
  expect_error(
    set_default_tool_resources(of, "slurm", list(memory = "1G"), "resources.yaml"),
    "Both resources and path_to_yaml",
    class = "InvalidArguments"
  )
})

test_that("a workflow has what it is given", {
  wf <- workflow(tool("given"), "v1", list(release = 16),
    name = "burden", max_concurrently_running = 500,
    default_cluster_name = "slurm", default_compute_resources_set = list(slurm = list(queue = "all.q", project = "x"))
  )

  expect_equal(wf$workflow_args, "v1")
  expect_equal(wf$workflow_attributes, list(release = "16"))
  expect_identical(wf$max_concurrently_running, 500L)
  expect_equal(wf$default_compute_resources_set$slurm, list(queue = "all.q", project = "x"))
})

test_that("attributes of a workflow can be set as scripts did", {
  wf <- workflow(tool("given"), workflow_attributes = list(release = 16))
  wf$workflow_attributes <- list()

  expect_length(wf$workflow_attributes, 0)
})

test_that("methods of Python's objects are called with $, as scripts do", {
  of <- local_tool("dollars")
  template <- shell(of, "x")
  kept <- list(raking = list(first = task(template, x = 1), second = task(template, x = 2)), other = list())
  wf <- workflow(of)
  wf$add_tasks(tasks = unname(unlist(kept)))
  wf$set_max_concurrently_running(10L)

  expect_equal(commands(wf$tasks), c("echo 1", "echo 2"))
  expect_identical(wf$max_concurrently_running, 10L)
})
