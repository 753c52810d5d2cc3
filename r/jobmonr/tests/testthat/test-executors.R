# What scripts for Jobmon 1 and 2 say.

test_that("executor parameters are a task's resources", {
  params <- executor_parameters(
    num_cores = 2, m_mem_free = "1G", queue = "all.q", max_runtime_seconds = 100,
    resource_scales = c(m_mem_free = 0.5), context_args = list("sge_add_args" = "-l hostname=node-7")
  )
  made <- task(shell(tool("executors"), "x"), x = 1, executor_parameters = copy(params))
  asked <- lapply(made$compute_resources, as.character)

  expect_equal(asked[c("cores", "memory", "runtime", "queue")], list(cores = "2", memory = "1G", runtime = "1m40s", queue = "all.q"))
  expect_equal(asked$nodelist, "node-7")
})

test_that("a copy changes by itself", {
  params <- executor_parameters(num_cores = 1)
  other <- copy(params)
  other$num_cores <- 2L

  expect_identical(params$num_cores, 1L)
  expect_identical(copy(list(a = 1)), list(a = 1))
})

test_that("an executor is a cluster", {
  of <- tool("executors")
  wf <- set_executor(workflow(of), executor_class = "SequentialExecutor", project = "proj_a")
  add_tasks(wf, task(shell(of, "x"), x = 1))

  expect_equal(wf$default_cluster_name, "sequential")
  expect_identical(quietly(run(wf)), "D")
  expect_error(set_executor(wf, "PBSExecutor"), "no executor 'PBSExecutor'", class = "UnknownCluster")
})
