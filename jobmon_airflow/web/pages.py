"""The pages: plain HTML without scripts. All that comes from elsewhere is escaped by the templates."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, Final

from jinja2 import DictLoader, Environment, StrictUndefined

from jobmon_airflow.states import TaskBucket

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jobmon_airflow.web.service import Shown

_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5rem; background: Canvas; color: CanvasText; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .25rem 1.25rem .25rem 0; border-bottom: 1px solid #8885; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
pre { padding: .75rem; border: 1px solid #8885; overflow-x: auto; }
h1 { font-size: 1.3rem; }
.FAILED, .FATAL { color: light-dark(#a40e26, #ff7b72); }
.DONE { color: light-dark(#116329, #56d364); }
"""

_TEMPLATES: Final = {
    "frame": """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }} - Jobmon</title>
<meta name="viewport" content="width=device-width"><style>{{ style | safe }}</style></head>
<body>{% block body %}{% endblock %}</body></html>
""",
    "workflows": """{% extends "frame" %}{% block body %}<h1>Workflows</h1>
{% if not workflows %}<p>There is no workflow yet that you may see.</p>{% else %}<table>
<tr><th class="number">id</th><th>tool</th><th>name</th><th>args</th><th>status</th><th>since (UTC)</th>
<th class="number">done</th><th class="number">failed</th><th class="number">tasks</th></tr>
{% for it in workflows %}<tr><td class="number"><a href="workflow/{{ it.workflow_id }}">{{ it.workflow_id }}</a></td>
<td>{{ it.tool }}</td><td>{{ it.name }}</td><td>{{ it.workflow_args | truncate(40) }}</td>
<td class="{{ it.status.label }}">{{ it.status.label }}</td><td>{{ it.since.strftime("%Y-%m-%d %H:%M") }}</td>
<td class="number">{{ it.done }}</td><td class="number">{{ it.failed }}</td><td class="number">{{ it.total }}</td></tr>
{% endfor %}</table>{% endif %}{% endblock %}""",
    "workflow": """{% extends "frame" %}{% block body %}<p><a href="../">All workflows</a></p>
<h1>{{ it.tool }}: {{ it.name }}, workflow {{ it.workflow_id }}</h1>
<p><b class="{{ it.status.label }}">{{ it.status.label }}</b> since {{ it.since.strftime("%Y-%m-%d %H:%M:%S") }} UTC;
workflow args: {{ it.workflow_args | truncate(200) }}</p>
<table><tr><th>template</th>{% for name in buckets %}<th class="number">{{ name | lower }}</th>{% endfor %}
<th class="number">tasks</th></tr>
{% for template in it.templates %}<tr><td>{{ template.name }}</td>
{% for bucket in buckets %}<td class="number">{{ template.counts[bucket] }}</td>{% endfor %}
<td class="number">{{ template.total }}</td></tr>{% endfor %}</table>
<pre>{{ account }}</pre>{% endblock %}""",
    "message": """{% extends "frame" %}{% block body %}<h1>{{ title }}</h1><pre>{{ text }}</pre>{% endblock %}""",
}

_ENVIRONMENT: Final = Environment(loader=DictLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

#: Sent with every page. Only Airflow's own pages may show ours in theirs.
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_DIGEST}'; frame-ancestors 'self'; "
    "base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def workflows(found: Sequence[Shown]) -> str:
    """The latest workflows."""
    return _drawn("workflows", title="Workflows", workflows=[shown.workflow for shown in found])


def workflow(shown: Shown) -> str:
    """One workflow: its templates, and what failed."""
    it = shown.workflow
    title = f"Workflow {it.workflow_id}"
    return _drawn("workflow", title=title, it=it, account=shown.account, buckets=list(TaskBucket))


def message(title: str, text: str) -> str:
    """A page that says why there is nothing else."""
    return _drawn("message", title=title, text=text)


def _drawn(template: str, **values: Any) -> str:
    return _ENVIRONMENT.get_template(template).render(style=_STYLE, **values)
