"""Templates have versions, and make one task or the cross product of many."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from jobmon_airflow import Tool
from jobmon_airflow.errors import (
    InvalidArguments,
    InvalidDefinition,
    InvalidName,
    InvalidTemplate,
    InvalidValue,
    UnknownVersion,
)
from jobmon_airflow.store import schema

TRANSFORM = "{python} {script} --place {place} --year {year} --in {folder}"


@pytest.fixture
def tool():
    return Tool("health")


@pytest.fixture
def transform(tool):
    return tool.get_task_template(
        "transform",
        TRANSFORM,
        node_args=["place", "year"],
        task_args=["folder"],
        op_args=["python", "script"],
    )


@pytest.fixture
def ops():
    return {"folder": "/in", "python": "python3", "script": "t.py"}


# --- versions ---------------------------------------------------------------------------------------------


def test_the_same_command_and_args_are_the_same_version(tool, transform):
    version = transform.active_task_template_version

    again = Tool("health").get_task_template(
        "transform", TRANSFORM, ["place", "year"], ["folder"], ["python", "script"]
    )

    assert transform.get_task_template_version(TRANSFORM, ["place", "year"], ["folder"]) is version
    assert again.id == transform.id
    assert again.active_task_template_version.id == version.id


@pytest.mark.parametrize(
    ("command", "node_args", "task_args"),
    [
        (TRANSFORM + " --fast", ["place", "year"], ["folder"]),
        (TRANSFORM, ["place"], ["folder", "year"]),
        (TRANSFORM, ["place", "year", "folder"], []),
        (TRANSFORM, ["place", "year"], []),
    ],
)
def test_another_command_or_split_is_another_version_of_the_same_template(
    tool, transform, command, node_args, task_args
):
    first = transform.active_task_template_version

    template = tool.get_task_template("transform", command, node_args=node_args, task_args=task_args)

    assert template is transform
    assert template.active_task_template_version is not first
    assert template.task_template_versions == [first, template.active_task_template_version]
    assert first.id != template.active_task_template_version.id
    assert first.task_template.id == template.id


def test_the_order_in_which_args_are_declared_makes_no_other_version(tool, transform):
    tool.get_task_template("transform", TRANSFORM, ["year", "place"], ["folder"], ["script", "python"])

    assert len(transform.task_template_versions) == 1


def test_versions_share_the_names_of_their_args_in_the_database(tool, transform):
    transform.active_task_template_version.id  # noqa: B018 - asking writes it
    transform.get_task_template_version("do {place} {sex}", node_args=["place", "sex"]).id  # noqa: B018

    with tool.database.read() as connection:
        names = connection.execute(select(schema.arg.c.name)).scalars().all()

    assert sorted(names) == ["folder", "place", "python", "script", "sex", "year"]


def test_how_args_are_cut_into_kinds_makes_versions_differ(tool):
    template = tool.get_task_template("t", "{a} {bc} {ab} {c}", ["a", "bc"], ["ab", "c"])
    first = template.active_task_template_version

    second = template.get_task_template_version("{a} {bc} {ab} {c}", ["ab", "c"], ["a", "bc"])

    assert first.digest != second.digest


def test_gaps_that_nobody_declared_are_op_args(tool):
    version = tool.get_task_template(
        "t", "{python} {place} {flag}", node_args=["place"], op_args=["flag"]
    ).active_task_template_version

    assert version.node_args == ("place",)
    assert version.task_args == ()
    assert version.op_args == ("python", "flag")
    assert version.args == ("place", "python", "flag")


def test_versions_of_earlier_scripts_are_loaded_and_keep_their_ids(tool, transform):
    first = transform.active_task_template_version.id
    second = transform.get_task_template_version(TRANSFORM + " --fast", ["place", "year"], ["folder"]).id
    later = Tool("health").get_task_template("transform", "do {place}", node_args=["place"])

    versions = later.load_task_template_versions()

    assert [version.id for version in versions if version.id in {first, second}] == [first, second]
    assert len(versions) == 3
    assert later.active_task_template_version.command_template.text == "do {place}"
    assert versions == later.task_template_versions
    assert later.load_task_template_versions() == versions


def test_an_earlier_version_can_be_made_active_by_its_id(tool, transform):
    first = transform.active_task_template_version
    transform.get_task_template_version("do {place}", node_args=["place"])
    latest = transform.active_task_template_version
    assert first.id < latest.id

    transform.set_active_task_template_version_id(first.id)
    assert transform.active_task_template_version is first
    transform.set_active_task_template_version_id("latest")
    assert transform.active_task_template_version is latest
    transform.set_active_task_template_version(first)
    assert transform.active_task_template_version is first


def test_a_version_that_is_not_there_is_refused(tool, transform):
    known = transform.active_task_template_version
    other = tool.get_task_template("mail", "mail").active_task_template_version

    with pytest.raises(UnknownVersion, match="has no version 99") as refused:
        transform.set_active_task_template_version_id(99)
    with pytest.raises(UnknownVersion, match="no version of the task template 'transform'"):
        transform.set_active_task_template_version(other)

    assert str([known.id]) in refused.value.remedy
    assert transform.active_task_template_version is known


def test_a_template_without_a_version_says_so(tool):
    from jobmon_airflow.client.task_template import TaskTemplate

    with pytest.raises(UnknownVersion, match="'empty' has no version yet"):
        TaskTemplate(tool.active_tool_version, "empty").create_task()


def test_a_template_says_who_it_is(tool, transform):
    assert (transform.name, transform.template_name, transform.tool) == ("transform", "transform", tool)
    assert repr(transform) == "<TaskTemplate transform>"
    version = transform.active_task_template_version
    assert repr(version) == f"<TaskTemplateVersion {TRANSFORM!r}>"
    assert str(version) == "task template 'transform'"
    assert version.tool is tool


@pytest.mark.parametrize("name", ["", " t", "t" * 256, "a\0b", None])
def test_a_template_is_not_called_like_this(tool, name):
    with pytest.raises(InvalidName, match="task template"):
        tool.get_task_template(name, "true")


# --- args -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["node_args", "task_args", "op_args"])
def test_an_arg_without_a_gap_is_refused(tool, kind):
    with pytest.raises(InvalidTemplate, match=r"has no gap for year"):
        tool.get_task_template("t", "run {place}", **{kind: ["year"]})


def test_an_arg_of_two_kinds_is_refused(tool):
    with pytest.raises(InvalidTemplate, match="place declared as two kinds"):
        tool.get_task_template("t", "run {place}", node_args=["place"], task_args=["place"])


@pytest.mark.parametrize("arg", ["name", "self", "cluster_name", "upstream_tasks", "max_attempts"])
def test_an_arg_called_like_one_of_create_task_is_refused(tool, arg):
    with pytest.raises(ValueError, match=f"'{arg}'"):
        tool.get_task_template("t", f"run {{{arg}}}", node_args=[arg])


def test_args_given_as_one_text_are_refused(tool):
    with pytest.raises(InvalidDefinition, match="'year'") as refused:
        tool.get_task_template("t", "run {year}", node_args="year")

    assert refused.value.remedy == "Pass a list: ['year']."


def test_a_gap_may_be_called_like_a_word_of_python(tool):
    template = tool.get_task_template("t", "run {class} {from}", node_args=["class", "from"])

    assert template.create_task(**{"class": "A", "from": 1990}).command == "run A 1990"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"place": 1}, "folder, python, script, year missing"),
        ({"place": 1, "year": 2, "folder": 3, "python": 4, "script": 5, "sex": 6}, "sex not asked for"),
        (
            {"place": 1, "year": 2, "folder": 3, "python": 4, "scrip": 6},
            "script missing and scrip not asked for",
        ),
    ],
)
def test_missing_and_unexpected_args_are_refused_with_what_is_required_and_what_came(transform, args, said):
    for create in (transform.create_task, transform.create_tasks):
        with pytest.raises(InvalidArguments, match=said) as refused:
            create(**args)

        assert "do not match" in refused.value.problem
        assert refused.value.remedy == (
            f"It takes exactly place, year, folder, python, script; it got {', '.join(args)}."
        )


# --- one task ---------------------------------------------------------------------------------------------


def test_a_task_has_its_command_and_its_args_by_kind(transform, ops):
    task = transform.create_task(place="US", year=1990, **ops)

    assert task.command == "python3 t.py --place US --year 1990 --in /in"
    assert task.node_args == {"place": "US", "year": "1990"}
    assert task.task_args == {"folder": "/in"}
    assert task.op_args == {"python": "python3", "script": "t.py"}
    assert task.name == "transform_place-US_year-1990"
    assert task.task_template_version is transform.active_task_template_version


def test_args_may_come_in_any_order(transform, ops):
    one = transform.create_task(place="US", year=1990, **ops)
    other = transform.create_task(**dict(reversed(ops.items())), year=1990, place="US")

    assert one.command == other.command


def test_a_task_is_told_everything_at_once(transform, ops):
    upstream = transform.create_task(place="US", year=1989, **ops)

    def ask():
        return {"memory": "1G"}

    task = transform.create_task(
        name="the_first",
        upstream_tasks=[upstream],
        task_attributes={"sex": "F", "fast": None},
        max_attempts=5,
        compute_resources={"memory": "3G", "queue": "long.q"},
        compute_resources_callable=ask,
        resource_scales={"memory": 1},
        cluster_name="slurm",
        fallback_queues=["huge.q"],
        place="US",
        year=1990,
        **ops,
    )

    assert task.name == "the_first"
    assert task.upstream_tasks == {upstream}
    assert task.task_attributes == {"sex": "F", "fast": None}
    assert task.max_attempts == 5
    assert task.compute_resources["queue"] == "long.q"
    assert task.compute_resources_callable is ask
    assert task.resource_scales == {"memory": 1}
    assert task.cluster_name == "slurm"
    assert task.fallback_queues == ["huge.q"]


def test_compute_resources_may_be_the_function_itself(transform, ops):
    def ask():
        return {"memory": "1G"}

    task = transform.create_task(place="US", year=1990, compute_resources=ask, **ops)

    assert task.compute_resources_callable is ask
    assert task.compute_resources == {}


@pytest.mark.parametrize(
    "settings",
    [
        {"max_attempts": 0},
        {"max_attempts": "3"},
        {"max_attempts": True},
        {"compute_resources": ["memory", "1G"]},
        {"compute_resources": {"mem": "1G"}},
        {"compute_resources": {"memory": "much"}},
        {"compute_resources_callable": {"memory": "1G"}},
        {"resource_scales": {"memory": "0.5"}},
        {"resource_scales": {"queue": 0.5}},
        {"fallback_queues": "long.q"},
        {"upstream_tasks": ["transform_1"]},
        {"task_attributes": "sex"},
        {"name": "1st"},
    ],
)
def test_settings_that_mean_nothing_are_refused_where_they_are_written(transform, ops, settings):
    with pytest.raises(InvalidDefinition):
        transform.create_task(place="US", year=1990, **ops, **settings)


@pytest.mark.parametrize(
    "value", [{1, 2}, frozenset("ab"), b"bytes", len, iter([1]), (i for i in "ab"), object()]
)
def test_values_whose_text_changes_from_run_to_run_are_refused(transform, ops, value):
    with pytest.raises(InvalidValue) as refused:
        transform.create_task(place=value, year=1990, **ops)

    assert refused.value.remedy


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (1.5, "1.5"),
        (True, "True"),
        (None, "None"),
        ([1, 2], "[1, 2]"),
        ({"a": 1}, "{'a': 1}"),
        ("", ""),
    ],
)
def test_other_values_are_their_texts(transform, ops, value, text):
    assert transform.create_task(place=value, year=1, **ops).node_args["place"] == text


# --- many tasks -------------------------------------------------------------------------------------------


def test_lists_of_node_args_make_their_cross_product_in_order(transform, ops):
    tasks = transform.create_tasks(place=["US", "FR"], year=[1990, 1991, 1992], **ops)

    assert [tuple(task.node_args.values()) for task in tasks] == [
        ("US", "1990"),
        ("US", "1991"),
        ("US", "1992"),
        ("FR", "1990"),
        ("FR", "1991"),
        ("FR", "1992"),
    ]
    assert {task.task_args["folder"] for task in tasks} == {"/in"}


@given(
    st.lists(st.integers(), unique=True, max_size=5),
    st.lists(st.text("aé😀 '", min_size=1), unique=True, max_size=5),
)
def test_there_is_one_task_for_every_combination(places, years):
    template = Tool("health").get_task_template("t", "run {place} {year:q}", node_args=["year", "place"])

    tasks = template.create_tasks(place=places, year=years)

    assert {(task.node_args["place"], task.node_args["year"]) for task in tasks} == {
        (str(place), year) for place in places for year in years
    }
    assert len(tasks) == len(places) * len(years)


def test_a_text_or_a_mapping_is_one_value_and_not_its_letters_or_keys(transform, ops):
    (task,) = transform.create_tasks(place="US", year={"from": 1990}, **ops)

    assert task.node_args == {"place": "US", "year": "{'from': 1990}"}


@pytest.mark.parametrize("kind", [list, tuple, iter, reversed])
def test_anything_that_can_be_gone_through_is_a_list(transform, ops, kind):
    tasks = transform.create_tasks(place=kind(["US", "FR"]), year=1990, **ops)

    assert sorted(task.node_args["place"] for task in tasks) == ["FR", "US"]


def test_ranges_and_sets_of_node_args_are_lists_too(transform, ops):
    assert len(transform.create_tasks(place={"US", "FR"}, year=range(1990, 2020), **ops)) == 60


def test_an_empty_list_makes_no_tasks(transform, ops):
    assert transform.create_tasks(place=[], year=[1990], **ops) == []


def test_a_template_without_node_args_makes_one_task(tool):
    mail = tool.get_task_template("mail", "mail {to}", task_args=["to"])

    (task,) = mail.create_tasks(to="you")

    assert task.command == "mail you"


@pytest.mark.parametrize("arg", ["folder", "script"])
@pytest.mark.parametrize("values", [["/a", "/b"], ("/a",), {"/a"}, range(2)])
def test_lists_are_for_node_args_alone(transform, ops, arg, values):
    with pytest.raises(InvalidArguments, match=f"'{arg}'.* only node args") as refused:
        transform.create_tasks(place="US", year=1990, **{**ops, arg: values})

    assert f"declare '{arg}' in node_args" in refused.value.remedy


def test_tasks_may_be_created_in_several_calls(tool, transform, ops):
    workflow = tool.create_workflow()
    workflow.add_tasks(transform.create_tasks(place=["US"], year=[1990, 1991], **ops))
    workflow.add_tasks(transform.create_tasks(place=["FR"], year=[1990, 1991], **ops))

    assert len(workflow.tasks) == 4
    assert list(workflow.arrays) == ["transform"]


def test_names_and_attributes_may_be_functions_of_the_node_args(transform, ops):
    tasks = transform.create_tasks(
        place=["US", "FR"],
        year=1990,
        name=lambda place, year: f"{place}_in_{year}",
        task_attributes=lambda place, year: {"continent": {"US": "America", "FR": "Europe"}[place]},
        **ops,
    )

    assert [task.name for task in tasks] == ["US_in_1990", "FR_in_1990"]
    assert [task.task_attributes for task in tasks] == [{"continent": "America"}, {"continent": "Europe"}]


def test_what_can_be_gone_through_once_makes_tasks_and_their_names(transform, ops):
    tasks = transform.create_tasks(
        place=iter(["US", "FR"]),
        year=(year for year in (1990, 1991)),
        name=lambda place, year: f"{place}_in_{year}",
        **ops,
    )

    assert [task.name for task in tasks] == ["US_in_1990", "US_in_1991", "FR_in_1990", "FR_in_1991"]
    assert [list(task.node_args.values()) for task in tasks][-1] == ["FR", "1991"]


def test_one_value_among_many_that_no_command_can_carry_is_refused(transform, ops):
    with pytest.raises(InvalidValue, match="NUL character in the argument 'place'"):
        transform.create_tasks(place=["US", "F\0R"], year=1990, **ops)


def test_tasks_that_wait_for_the_same_many_keep_them_once(tool, transform, ops):
    before = tool.get_task_template("fetch", "fetch {it}", node_args=["it"]).create_tasks(it=range(40))

    tasks = transform.create_tasks(place=["US", "FR"], year=1990, upstream_tasks=before, **ops)

    assert all(task.upstream_tasks == set(before) for task in tasks)
    assert len({id(kept) for task in tasks for kept in task.upstreams_and_joins}) == 1


def test_one_attribute_for_all_tasks_is_not_shared_between_them(transform, ops):
    one, other = transform.create_tasks(place=["US", "FR"], year=1990, task_attributes={"sex": "F"}, **ops)

    one.add_attribute("sex", "M")

    assert (one.task_attributes, other.task_attributes) == ({"sex": "M"}, {"sex": "F"})


def test_one_name_for_many_tasks_is_refused(transform, ops):
    with pytest.raises(InvalidDefinition, match="'first' for all of its tasks") as refused:
        transform.create_tasks(place=["US", "FR"], year=1990, name="first", **ops)

    assert "lambda" in refused.value.remedy


def test_settings_hold_for_each_of_many_tasks(tool, transform, ops):
    upstream = tool.get_task_template("mail", "mail").create_task()

    tasks = transform.create_tasks(
        max_attempts=5,
        upstream_tasks=[upstream],
        compute_resources={"cores": 2},
        compute_resources_callable=dict,
        resource_scales={"cores": 1},
        cluster_name="slurm",
        fallback_queues=["long.q"],
        place=["US", "FR"],
        year=1990,
        **ops,
    )

    for task in tasks:
        assert task.max_attempts == 5
        assert task.upstream_tasks == {upstream}
        assert task.compute_resources == {"cores": 2}
        assert task.compute_resources_callable is dict
        assert task.resource_scales == {"cores": 1}
        assert task.cluster_name == "slurm"
        assert task.fallback_queues == ["long.q"]


def test_the_limit_of_tasks_becomes_that_of_their_array(tool, transform, ops):
    workflow = tool.create_workflow()
    workflow.add_tasks(transform.create_tasks(max_concurrently_running=2, place=["US"], year=1990, **ops))

    assert workflow.arrays["transform"].max_concurrently_running == 2
    with pytest.raises(InvalidDefinition):
        transform.create_tasks(max_concurrently_running=-1, place=["US"], year=1990, **ops)
