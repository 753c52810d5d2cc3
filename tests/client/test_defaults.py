"""Task > template > workflow > tool: what a nearer level says wins, for each resource by itself."""

from __future__ import annotations

import inspect
from itertools import combinations

import pytest

from jobmon_airflow import Tool
from jobmon_airflow.errors import InvalidDefinition, InvalidResources, MissingKey
from jobmon_airflow.units import Memory, Runtime

LEVELS = ["tool", "workflow", "template", "task"]
GIVEN_TOGETHER = [group for size in range(1, 5) for group in combinations(LEVELS, size)]


class Levels:
    """A tool, a workflow and a template, of which a task can be made."""

    def __init__(self):
        self.tool = Tool("health")
        self.template = self.tool.get_task_template("run", "run {place}", node_args=["place"])
        self.workflow = self.tool.create_workflow()

    def task(self, **settings):
        return self.workflow.add_task(self.template.create_task(place="US", **settings))

    def __iter__(self):
        return iter([self.tool, self.workflow, self.template])


@pytest.fixture
def levels():
    return Levels()


@pytest.fixture(params=["tool", "workflow", "template"])
def level(levels, request):
    return getattr(levels, request.param)


# --- which level wins -------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", GIVEN_TOGETHER, ids="+".join)
def test_the_nearest_level_that_names_a_resource_wins(levels, given):
    """Each level names one resource of its own, and one that all of them name."""
    said = {
        name: {"cores": number, name: name} for number, name in enumerate(LEVELS, start=1) if name in given
    }
    for name in set(said) - {"task"}:
        getattr(levels, name).set_default_compute_resources_from_dict("slurm", said[name])

    task = levels.task(cluster_name="slurm", compute_resources=said.get("task"))

    assert task.compute_resources == {
        **{name: name for name in given},
        "cores": max(LEVELS.index(name) + 1 for name in given),
    }


@pytest.mark.parametrize("given", GIVEN_TOGETHER, ids="+".join)
def test_the_nearest_level_that_says_how_often_to_try_wins(levels, given):
    attempts = {name: number for number, name in enumerate(LEVELS, start=11) if name in given}
    for name in set(attempts) - {"task"}:
        getattr(levels, name).set_default_max_attempts(attempts[name])

    task = levels.task(max_attempts=attempts.get("task"))

    assert task.max_attempts == max(attempts.values())


def test_without_a_word_tasks_are_tried_three_times(levels):
    assert levels.task().max_attempts == 3


@pytest.mark.parametrize("given", GIVEN_TOGETHER, ids="+".join)
def test_the_nearest_level_that_names_a_cluster_wins(levels, given):
    for name in set(given) - {"task"}:
        getattr(levels, name).set_default_cluster_name(f"cluster of {name}")

    task = levels.task(cluster_name="cluster of task" if "task" in given else "")

    assert task.cluster_name == f"cluster of {max(given, key=LEVELS.index)}"


@pytest.mark.parametrize("given", GIVEN_TOGETHER, ids="+".join)
def test_the_nearest_level_that_scales_a_resource_wins(levels, given):
    own = dict(zip(LEVELS, ("runtime", "memory", "runtime", "memory"), strict=True))
    said = {
        name: {"cores": number, own[name]: number}
        for number, name in enumerate(LEVELS, start=1)
        if name in given
    }
    for name in set(said) - {"task"}:
        getattr(levels, name).set_default_resource_scales_from_dict("slurm", said[name])

    task = levels.task(cluster_name="slurm", resource_scales=said.get("task"))

    expected = {}
    for name in sorted(given, key=LEVELS.index):
        expected |= said[name]
    assert task.resource_scales == expected


def test_without_a_word_memory_and_runtime_grow_by_half(levels):
    assert levels.task().resource_scales == {"memory": 0.5, "runtime": 0.5}


def test_what_is_set_later_holds_for_tasks_that_are_there_already(levels, level):
    task = levels.task()

    level.set_default_compute_resources_from_dict("slurm", {"memory": "2G"})
    level.set_default_max_attempts(9)

    assert (task.cluster_name, task.max_attempts) == ("slurm", 9)
    assert task.compute_resources == {"memory": Memory("2G")}


def test_what_is_said_of_other_clusters_does_not_matter(levels):
    for level, cores in zip(levels, (1, 2, 3), strict=True):
        level.set_default_compute_resources_from_dict("slurm", {"cores": cores, "queue": "all.q"})
        level.set_default_compute_resources_from_dict("multiprocess", {"cores": cores * 10})
        level.set_default_resource_scales_from_dict("multiprocess", {"cores": cores})

    task = levels.task(cluster_name="multiprocess")

    assert task.compute_resources == {"cores": 30}
    assert task.resource_scales == {"cores": 3}


def test_a_task_outside_of_a_workflow_hears_its_template_and_tool(levels):
    levels.tool.set_default_compute_resources_from_dict("slurm", {"cores": 1, "memory": "1G"})
    levels.workflow.set_default_compute_resources_from_dict("slurm", {"cores": 2, "memory": "2G"})
    levels.template.set_default_compute_resources_from_dict("slurm", {"cores": 3})

    alone = levels.template.create_task(place="FR")

    assert alone.compute_resources == {"cores": 3, "memory": Memory("1G")}
    assert levels.workflow.add_task(alone).compute_resources == {"cores": 3, "memory": Memory("2G")}


def test_the_workflows_own_tool_decides_where_two_objects_have_its_name(levels):
    template = Tool("health").get_task_template("fit", "fit")
    template.tool.set_default_compute_resources_from_dict("multiprocess", {"cores": 9})
    levels.tool.set_default_compute_resources_from_dict("slurm", {"cores": 2})

    task = levels.workflow.add_task(template.create_task())

    assert (task.cluster_name, task.compute_resources) == ("slurm", {"cores": 2})


# --- one level by itself ----------------------------------------------------------------------------------


def test_a_level_begins_with_nothing_said(level):
    assert level.default_cluster_name == ""
    assert level.default_compute_resources_set == {}
    assert level.default_resource_scales_set == {}


@pytest.mark.parametrize(
    "setting",
    [
        "set_default_compute_resources_from_dict",
        "set_default_resource_scales_from_dict",
        "update_default_compute_resources",
        "update_default_resource_scales",
    ],
)
def test_the_first_cluster_becomes_the_default_one_and_later_ones_do_not(level, setting):
    def tell(cluster):
        if setting.startswith("set"):
            getattr(level, setting)(cluster, {"cores": 1})
        else:
            getattr(level, setting)(cluster, cores=1)

    tell("slurm")
    tell("multiprocess")
    assert level.default_cluster_name == "slurm"

    level.set_default_cluster_name("multiprocess")
    tell("slurm")
    assert level.default_cluster_name == "multiprocess"


def test_the_default_cluster_may_be_assigned(level):
    level.default_cluster_name = "slurm"

    assert level.default_cluster_name == "slurm"


def test_setting_replaces_and_updating_changes_what_is_named(level):
    level.set_default_compute_resources_from_dict("slurm", {"memory": "1G", "cores": 1, "project": "a"})
    level.set_default_resource_scales_from_dict("slurm", {"memory": 0.1, "cores": 1})

    level.update_default_compute_resources("slurm", cores=8, queue="long.q")
    level.update_default_resource_scales("slurm", memory=0.2, runtime=0.3)
    assert level.default_compute_resources_set == {
        "slurm": {"memory": Memory("1G"), "cores": 8, "queue": "long.q", "project": "a"}
    }
    assert level.default_resource_scales_set == {"slurm": {"memory": 0.2, "cores": 1, "runtime": 0.3}}

    level.set_default_compute_resources_from_dict("slurm", {"runtime": "1h"})
    level.set_default_resource_scales_from_dict("slurm", {"runtime": 1})
    assert level.default_compute_resources_set == {"slurm": {"runtime": Runtime("1h")}}
    assert level.default_resource_scales_set == {"slurm": {"runtime": 1}}


def test_updating_one_cluster_leaves_the_others(level):
    level.set_default_compute_resources_from_dict("slurm", {"cores": 1})

    level.update_default_compute_resources("multiprocess", cores=2)

    assert level.default_compute_resources_set == {"slurm": {"cores": 1}, "multiprocess": {"cores": 2}}


def test_one_dictionary_may_be_given_to_several_levels_and_changed_afterwards(levels):
    resources = {"memory": "1G", "gres": ["gpu"]}
    for level in levels:
        level.set_default_compute_resources_from_dict("slurm", resources)
    task = levels.task(compute_resources=resources)

    resources["memory"] = "9G"
    resources["gres"].append("gpu")
    levels.tool.default_compute_resources_set["slurm"]["gres"].append("fpga")
    levels.tool.update_default_compute_resources("slurm", memory="5G")

    assert levels.tool.default_compute_resources_set["slurm"] == {"memory": Memory("5G"), "gres": ["gpu"]}
    assert levels.workflow.default_compute_resources_set["slurm"]["memory"] == Memory("1G")
    assert task.compute_resources == {"memory": Memory("1G"), "gres": ["gpu"]}


@pytest.mark.parametrize("attempts", [0, -1, 1.5, "3", True, None])
def test_a_number_of_attempts_that_is_none_is_refused(level, attempts):
    with pytest.raises(InvalidDefinition, match="max_attempts is"):
        level.set_default_max_attempts(attempts)


@pytest.mark.parametrize(
    ("resources", "error"),
    [
        ({"memory": "much"}, InvalidDefinition),
        ({"mem": "1G"}, InvalidResources),
        (["memory"], InvalidResources),
    ],
)
def test_resources_that_mean_nothing_are_refused_and_leave_what_was_there(level, resources, error):
    level.set_default_compute_resources_from_dict("slurm", {"cores": 1})

    with pytest.raises(error):
        level.set_default_compute_resources_from_dict("slurm", resources)

    assert level.default_compute_resources_set == {"slurm": {"cores": 1}}


def test_defaults_need_a_cluster_to_hold_on(level):
    for tell in (level.set_default_compute_resources_from_dict, level.set_default_resource_scales_from_dict):
        with pytest.raises(ValueError, match="cluster without a name"):
            tell("", {"cores": 1})


@pytest.mark.parametrize(
    "given", [{"default_compute_resources": {"cores": 1}}, {"default_resource_scales": {"cores": 1}}]
)
def test_defaults_of_a_new_template_need_a_cluster_too(levels, given):
    with pytest.raises(ValueError, match="without a cluster") as refused:
        levels.tool.get_task_template("fit", "fit", **given)

    assert "default_cluster_name" in refused.value.remedy


def test_defaults_of_a_template_belong_to_its_version(levels):
    first = levels.tool.get_task_template(
        "fit", "fit", [], [], [], "slurm", {"cores": 2}, {"cores": 1}, None, 7
    )
    version = first.active_task_template_version
    second = first.get_task_template_version("fit --fast")

    assert version.default_compute_resources_set == {"slurm": {"cores": 2}}
    assert version.default_resource_scales_set == {"slurm": {"cores": 1}}
    assert (version.default_cluster_name, version.default_max_attempts) == ("slurm", 7)
    assert second.default_compute_resources_set == second.default_resource_scales_set == {}
    assert first.default_cluster_name == ""
    first.set_active_task_template_version(version)
    assert first.default_cluster_name == "slurm"


def test_levels_share_one_vocabulary(levels):
    """What can be said to one level can be said to the others."""

    def words(level):
        return {name for name, _ in inspect.getmembers(type(level)) if "default" in name and name[0] != "_"}

    assert words(levels.tool) == words(levels.workflow) >= words(levels.template)


# --- YAML -------------------------------------------------------------------------------------------------

YAML = """
tool_resources:
  slurm: {memory: 1G, runtime: 10m, queue: all.q}
  multiprocess: {cores: 1}
tool_scales:
  slurm: {memory: 0.1}
workflow_resources:
  slurm: {memory: 2G}
workflow_scales:
  slurm: {memory: 0.2, runtime: [1h, 2h]}
task_template_resources:
  run:
    slurm: {memory: 3G, cores: 3}
    multiprocess: {cores: 4}
task_template_scales:
  run:
    slurm: {cores: 1}
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "resources.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def yaml_file(written):
    return written(YAML)


def test_each_level_finds_its_own_defaults_in_one_file(levels, yaml_file):
    levels.tool.set_default_compute_resources_from_yaml("slurm", yaml_file)
    levels.tool.set_default_resource_scales_from_yaml("slurm", str(yaml_file))
    for level in (levels.workflow, levels.template):
        level.set_default_compute_resources_from_yaml(yaml_file, "slurm")
        level.set_default_resource_scales_from_yaml(str(yaml_file), "slurm")

    task = levels.task()

    assert task.cluster_name == "slurm"
    assert task.compute_resources == {
        "memory": Memory("3G"),
        "runtime": Runtime("10m"),
        "cores": 3,
        "queue": "all.q",
    }
    assert task.resource_scales == {"memory": 0.2, "runtime": (Runtime("1h"), Runtime("2h")), "cores": 1}
    assert levels.tool.default_compute_resources_set["slurm"]["memory"] == Memory("1G")
    assert levels.workflow.default_compute_resources_set == {"slurm": {"memory": Memory("2G")}}


def test_a_level_that_names_no_cluster_takes_all(levels, yaml_file):
    levels.template.set_default_compute_resources_from_yaml(yaml_file)
    levels.workflow.set_default_resource_scales_from_yaml(yaml_file)

    assert levels.template.default_compute_resources_set == {
        "slurm": {"memory": Memory("3G"), "cores": 3},
        "multiprocess": {"cores": 4},
    }
    assert levels.template.default_cluster_name == "slurm"
    assert list(levels.workflow.default_resource_scales_set) == ["slurm"]


def test_a_tool_sets_the_defaults_of_its_templates_too_if_asked(levels, yaml_file):
    levels.tool.set_default_compute_resources_from_yaml("slurm", yaml_file)
    levels.tool.set_default_resource_scales_from_yaml("slurm", yaml_file)
    assert levels.template.default_compute_resources_set == levels.template.default_resource_scales_set == {}

    levels.tool.set_default_compute_resources_from_yaml("slurm", yaml_file, set_task_templates=True)
    levels.tool.set_default_resource_scales_from_yaml("slurm", yaml_file, set_task_templates=True)

    assert levels.template.default_compute_resources_set == {"slurm": {"memory": Memory("3G"), "cores": 3}}
    assert levels.template.default_resource_scales_set == {"slurm": {"cores": 1}}


def test_a_file_may_name_the_tool_on_a_level_of_its_own_as_the_manual_does(levels, written):
    path = written("tool_resources: {health: {slurm: {cores: 7}}, codem: {slurm: {cores: 9}}}")

    levels.tool.set_default_compute_resources_from_yaml("slurm", path)

    assert levels.tool.default_compute_resources_set == {"slurm": {"cores": 7}}


def test_a_new_template_takes_its_defaults_from_a_file(levels, yaml_file):
    template = levels.tool.get_task_template("run", "run", default_cluster_name="slurm", yaml_file=yaml_file)

    assert template.default_compute_resources_set == {"slurm": {"memory": Memory("3G"), "cores": 3}}
    assert template.default_resource_scales_set == {"slurm": {"cores": 1}}


def test_what_is_passed_to_a_new_template_stands_before_the_file(levels, yaml_file):
    template = levels.tool.get_task_template(
        "run",
        "run",
        default_cluster_name="slurm",
        default_compute_resources={"cores": 9},
        default_resource_scales={"memory": 2},
        yaml_file=yaml_file,
    )

    assert template.default_compute_resources_set == {"slurm": {"cores": 9}}
    assert template.default_resource_scales_set == {"slurm": {"memory": 2}}


def test_a_file_for_a_new_template_needs_no_scales(levels, written):
    path = written("task_template_resources: {fit: {slurm: {cores: 3}}}")

    template = levels.tool.get_task_template("fit", "fit", yaml_file=path)

    assert template.default_compute_resources_set == {"slurm": {"cores": 3}}
    assert template.default_resource_scales_set == {}


def test_a_file_without_the_template_is_refused(levels, yaml_file):
    with pytest.raises(KeyError, match="no 'fit' where the defaults of task template 'fit'"):
        levels.tool.get_task_template("fit", "fit", yaml_file=yaml_file)


@pytest.mark.parametrize(
    ("level", "kind", "example"),
    [
        ("tool", "compute_resources", "tool_resources: {sge: {memory: 1G, runtime: 10m}}"),
        ("tool", "resource_scales", "tool_scales: {sge: {memory: 0.5}}"),
        ("workflow", "compute_resources", "workflow_resources: {sge: {memory: 1G, runtime: 10m}}"),
        ("workflow", "resource_scales", "workflow_scales: {sge: {memory: 0.5}}"),
        (
            "template",
            "compute_resources",
            "task_template_resources: {run: {sge: {memory: 1G, runtime: 10m}}}",
        ),
        ("template", "resource_scales", "task_template_scales: {run: {sge: {memory: 0.5}}}"),
    ],
)
@pytest.mark.parametrize("text", [YAML, "", "something: else", "[1, 2]", "tool_resources:"])
def test_a_missing_key_is_refused_with_what_to_write_unless_it_may_be_missing(
    levels, written, level, kind, example, text
):
    told = getattr(levels, level)
    tell = getattr(told, f"set_default_{kind}_from_yaml")
    args = ("sge", written(text)) if level == "tool" else (written(text), "sge")

    with pytest.raises(KeyError) as refused:
        tell(*args)
    tell(*args, ignore_missing_keys=True)

    assert isinstance(refused.value, MissingKey)
    assert refused.value.remedy == f"Write it as {example}, or pass ignore_missing_keys=True."
    assert told.default_compute_resources_set == told.default_resource_scales_set == {}
    assert told.default_cluster_name == ""


@pytest.mark.parametrize(
    "text", ["workflow_resources: 5", "workflow_resources:", "workflow_resources: [slurm]"]
)
def test_a_file_with_something_else_in_place_of_clusters_is_refused(levels, written, text):
    with pytest.raises(InvalidDefinition, match="where the clusters of workflow") as refused:
        levels.workflow.set_default_compute_resources_from_yaml(written(text))

    assert "workflow_resources: {<cluster>: {memory: 1G" in refused.value.remedy


def test_a_file_with_something_else_in_place_of_resources_is_refused(levels, written):
    with pytest.raises(InvalidResources, match="not a mapping of resources"):
        levels.workflow.set_default_compute_resources_from_yaml(
            written("workflow_resources: {slurm: much}"), "slurm"
        )


def test_a_file_that_is_not_there_says_so(levels, tmp_path):
    with pytest.raises(FileNotFoundError):
        levels.workflow.set_default_compute_resources_from_yaml(tmp_path / "none.yaml", "slurm")


def test_a_broken_yaml_file_is_named(tmp_path):
    file = tmp_path / "resources.yaml"
    file.write_text("tool_resources: [unfinished")

    with pytest.raises(InvalidDefinition, match=r"resources\.yaml is not YAML"):
        Tool("kitchen").set_default_compute_resources_from_yaml("slurm", file)
