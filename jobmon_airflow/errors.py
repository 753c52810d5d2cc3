"""What can go wrong, and what to do about it.

Every error has two parts: what happened, and the remedy, ideally something to type. The tree:

    JobmonError
    ├── InvalidDefinition                 what was written cannot become a workflow
    │   ├── InvalidUnits                  not a memory size, not a runtime
    │   ├── InvalidResources              a resource or a scale that means nothing
    │   ├── InvalidName                   a name that cannot be a file's or a row's
    │   ├── InvalidValue                  an argument that no command line can carry
    │   ├── InvalidTemplate               a command template that cannot be filled in
    │   ├── InvalidArguments              arguments that are missing or not asked for
    │   ├── DuplicateTask                 the same task twice
    │   ├── DuplicateNodeArgsError        one place in the graph, two tasks
    │   ├── NodeDependencyNotExistError   a neighbour that is not in the workflow
    │   ├── CyclicGraphError              tasks that wait for each other
    │   ├── EmptyWorkflow                 nothing to run
    │   ├── UnknownName                   a template, tool or workflow that is not there
    │   ├── UnknownVersion                a version that is not there
    │   └── MissingKey                    a YAML file without the key that was asked for
    ├── ResourcesDoNotFit                 no queue can hold the request
    ├── CallableReturnedInvalidObject     a function that was to return resources did not
    ├── UnknownCluster                    nobody said how to reach this cluster
    ├── InvalidSetting                    an option of [jobmon], or a connection, that means nothing
    ├── InvalidQuestion                   a filter or a cursor that means nothing
    ├── InvalidTransition                 a status that may not follow the one before it
    ├── NotYourWorkflow                   somebody else ran it, and may change it
    ├── RunError                          a workflow that cannot be run, or was not run to its end
    │   ├── WorkflowAlreadyExists         it was begun before, and nobody said resume=True
    │   ├── WorkflowAlreadyComplete       every task is done
    │   ├── WorkflowNotResumable          another run holds it and does not make way
    │   ├── WorkflowTimeout               the run did not end in the time that it was given
    │   ├── LeaseLost                     another controller took the workflow
    │   ├── TrySuperseded                 a later try of the same Airflow task acts for it
    │   ├── AirflowUnreachable            Airflow's API server does not answer
    │   ├── AirflowRefused                Airflow answered, and did not do what it was asked
    │   ├── RunInsideTask                 a task's own module runs a workflow while it is imported
    │   └── RunWhileParsed                a file of DAGs runs a workflow while Airflow reads it
    ├── ClusterError                      a cluster that does not do what it was asked
    │   ├── ClusterUnreachable            it does not answer
    │   │   └── ClusterIsSilent           it may answer soon: it is busy, or is just started again
    │   ├── AccountingIsDown              its accounting does not answer, or there is none
    │   ├── ClusterIsFull                 it takes no more jobs for now
    │   └── SubmissionRefused             it will never take these jobs
    └── StoreError                        the database
        ├── StoreIsGone                   it has not answered for a long time
        ├── InvalidAddress                an address that leads to no database
        ├── SchemaIsMissing               a database without our tables
        ├── SchemaIsOlder                 tables of an earlier version
        ├── SchemaIsNewer                 tables of a later version
        └── NotOurDatabase                somebody else's tables

Names that Jobmon users catch keep Jobmon's spelling. Errors that Jobmon raised as ``ValueError``,
``KeyError`` or ``RuntimeError`` are still that too, so that existing ``except`` clauses work.
"""

from __future__ import annotations


class JobmonError(Exception):
    """The root of the tree: what happened, and what to do.

    >>> print(JobmonError("The tray is empty.", remedy="Put paper in."))
    The tray is empty.
    Put paper in.
    """

    def __init__(self, problem: str, *, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}\n{self.remedy}"

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders; subclasses with other constructors come back whole.
        return _rebuild, (type(self), self.args, self.__dict__)


def first_of(error: BaseException) -> BaseException:
    """The error that the others in a group follow from; an error without a group is itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _rebuild(cls: type[JobmonError], args: tuple[object, ...], data: dict[str, object]) -> JobmonError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(data)
    return error


class InvalidDefinition(JobmonError, ValueError):
    """What was written cannot become a workflow."""


class InvalidUnits(InvalidDefinition):
    """Not a memory size, or not a runtime."""


class InvalidResources(InvalidDefinition):
    """A requested resource, or its scale, means nothing."""


class InvalidName(InvalidDefinition):
    """A name that cannot be a file's or a row's."""


class InvalidValue(InvalidDefinition):
    """An argument that no command line can carry."""


class InvalidTemplate(InvalidDefinition):
    """A command template that cannot be filled in."""


class InvalidArguments(InvalidDefinition):
    """Arguments that are missing, or that the template does not ask for."""


class DuplicateTask(InvalidDefinition):
    """The same task was added twice."""


class DuplicateNodeArgsError(InvalidDefinition):
    """Two tasks claim one place in the graph."""


class NodeDependencyNotExistError(InvalidDefinition):
    """A task depends on one that is not in the workflow."""


class CyclicGraphError(InvalidDefinition):
    """Tasks wait for each other."""


class EmptyWorkflow(InvalidDefinition, RuntimeError):
    """There is nothing to run."""


class UnknownName(InvalidDefinition, KeyError):
    """A template, tool or workflow that is not there."""


class UnknownVersion(InvalidDefinition):
    """A version that is not there."""


class MissingKey(InvalidDefinition, KeyError):
    """A YAML file lacks the key that was asked for."""


class ResourcesDoNotFit(JobmonError):
    """No queue can hold the request."""


class CallableReturnedInvalidObject(JobmonError):
    """A function that was to return resources returned something else."""


class UnknownCluster(JobmonError, ValueError):
    """Nobody said how to reach this cluster."""


class InvalidSetting(JobmonError):
    """An option of ``[jobmon]``, or a connection, means nothing."""


class InvalidQuestion(JobmonError):
    """A filter or a cursor of a list means nothing."""


class InvalidTransition(JobmonError):
    """A status may not follow the one before it."""


class NotYourWorkflow(JobmonError):
    """A workflow that somebody else ran, who may change it."""


class RunError(JobmonError, RuntimeError):
    """A workflow cannot be run, or was not run to its end."""


class WorkflowAlreadyExists(RunError):
    """The workflow was begun before, and nobody asked for a resume."""


class WorkflowAlreadyComplete(RunError):
    """Every task is done."""


class WorkflowNotResumable(RunError):
    """Another run holds the workflow and does not make way."""


class WorkflowTimeout(RunError):
    """The run did not end in the time that it was given."""


class LeaseLost(RunError):
    """Another controller took the workflow; this one may write nothing more."""


class TrySuperseded(RunError):
    """A later try of the same task of Airflow acts for the workflow."""


class AirflowUnreachable(RunError):
    """Airflow's API server does not answer."""


class AirflowRefused(RunError):
    """Airflow answered, and did not do what it was asked."""


class RunInsideTask(RunError):
    """A task's own module runs a workflow while it is imported."""


class RunWhileParsed(RunError):
    """A file of DAGs runs a workflow while Airflow reads it."""


class ClusterError(JobmonError):
    """A cluster does not do what it was asked."""


class ClusterUnreachable(ClusterError):
    """The cluster does not answer."""


class ClusterIsSilent(ClusterUnreachable):
    """The cluster is there, and may answer soon: it is busy, or is just started again."""


class AccountingIsDown(ClusterError):
    """The cluster has no accounting, or none that answers now."""


class ClusterIsFull(ClusterError):
    """A cluster takes no more jobs for now; ``reason`` is its own word for why, if it has one."""

    def __init__(self, problem: str, *, remedy: str, reason: str = "") -> None:
        super().__init__(problem, remedy=remedy)
        self.reason = reason


class SubmissionRefused(ClusterError):
    """The cluster will never take these jobs."""


class StoreError(JobmonError):
    """The database cannot serve."""


class StoreIsGone(StoreError):
    """The database has not answered for a long time."""


class InvalidAddress(StoreError, ValueError):
    """An address leads to no database."""


class SchemaIsMissing(StoreError):
    """The database has none of our tables yet."""


class SchemaIsOlder(StoreError):
    """The database was made by an earlier version."""


class SchemaIsNewer(StoreError):
    """The database was made by a later version."""


class NotOurDatabase(StoreError):
    """The database belongs to somebody else."""
