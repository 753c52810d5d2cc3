# What Python sees of R's values: the text of the value, as Python writes it.

seen <- function(x) {
  of <- tool("values")
  template <- task_template(of, "see", "see {value}", node_args = "value")
  sub("^see ", "", task(template, value = x)$command)
}

test_that("numbers without a fraction are integers", {
  expect_equal(seen(7), "7")
  expect_equal(seen(7L), "7")
  expect_equal(seen(-0), "0")
  expect_equal(seen(1e5), "100000")
  expect_equal(seen(2^40), "1099511627776")
  expect_equal(seen(0.5), "0.5")
  expect_equal(seen(c(1, 2.5)), "[1, 2.5]")
  expect_equal(seen(list(1, list(2))), "[1, [2]]")
})

test_that("vectors of one value are the value, those of more are lists", {
  expect_equal(seen("a"), "a")
  expect_equal(seen(list("a")), "['a']")
  expect_equal(seen(c("a", "b")), "['a', 'b']")
  expect_equal(seen(TRUE), "True")
  expect_equal(seen(c(TRUE, FALSE)), "[True, False]")
  expect_equal(seen(1:3), "[1, 2, 3]")
  expect_equal(seen(character()), "[]")
})

test_that("names make dictionaries, save of a single value", {
  expect_equal(seen(list(a = 1, b = "x")), "{'a': 1, 'b': 'x'}")
  expect_equal(seen(c(a = 1, b = 2)), "{'a': 1, 'b': 2}")
  expect_equal(seen(c(user = "ada")), "ada")
  expect_equal(seen(list(a = NULL)), "{'a': None}")
  expect_error(seen(list(a = 1, 2)), "names for some of its values", class = "InvalidValue")
})

test_that("factors, dates and other classes are what they look like", {
  expect_equal(seen(factor("US", levels = c("KE", "US"))), "US")
  expect_equal(seen(factor(c("US", "KE"))), "['US', 'KE']")
  expect_equal(seen(as.Date("2024-02-29")), "2024-02-29")
  expect_equal(seen(as.POSIXct("2024-02-29 12:30:00", tz = "UTC")), "2024-02-29 12:30:00")
  expect_equal(seen(as.POSIXlt("2024-02-29 12:30:00", tz = "UTC")), "2024-02-29 12:30:00")
  expect_equal(seen(as.difftime(2, units = "hours")), "7200")
  expect_equal(seen(structure("x", class = c("glue", "character"))), "x")
  expect_equal(seen(matrix(1:4, 2)), "[1, 2, 3, 4]")
  expect_equal(seen(data.frame(cores = 2, queue = "all.q")), "{'cores': 2, 'queue': 'all.q'}")
})

test_that("integers of 64 bits are integers", {
  skip_if_not_installed("bit64")

  expect_equal(seen(bit64::as.integer64(7)), "7")
  expect_equal(seen(bit64::as.integer64(c(1, 2^40))), "[1, 1099511627776]")
  expect_equal(seen(bit64::as.integer64("9007199254740993")), "9007199254740993")
  expect_error(seen(bit64::as.integer64(NA)), "A value is missing", class = "InvalidValue")
})

test_that("texts keep their letters, whatever their encoding", {
  latin <- "C\xf4te d'Ivoire"
  Encoding(latin) <- "latin1"
  expect_equal(seen(latin), "C\u00f4te d'Ivoire")
  expect_equal(seen("\u65e5\u672c"), "\u65e5\u672c")
})

test_that("a value that is missing, or no value, is refused with a remedy", {
  expect_error(seen(NA), "A value is missing", class = "InvalidValue")
  expect_error(seen(c(1, NA)), "is.na", class = "InvalidValue")
  expect_error(seen(NaN), "A value is missing", class = "InvalidValue")
  expect_error(seen(factor(NA)), "A value is missing", class = "InvalidValue")
  expect_error(seen(quote(a)), "class name", class = "InvalidValue")
  expect_error(seen(1i), "class complex", class = "InvalidValue")
})

test_that("what Python returns arrives as R's values", {
  of <- tool("values")
  template <- task_template(of, "see", "see {a} {b}", node_args = "a", op_args = "b")
  made <- task(template, a = 1, b = "x", task_attributes = list(release = 16, note = NULL))

  expect_identical(made$node_args, list(a = "1"))
  expect_identical(made$task_attributes, list(release = "16", note = NULL))
  expect_identical(made$max_attempts, 3L)
  expect_null(made$task_id)
})
