"""A view of each table: its rows as a list, which can be searched and exported, and each row by itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from flask import redirect, request, url_for
from flask_appbuilder import ModelView, expose, has_access
from flask_appbuilder.widgets import ListWidget, SearchWidget, ShowWidget

from jobmon_airflow.errors import InvalidQuestion, UnknownName
from jobmon_airflow.store.raw import LENGTH_OF
from jobmon_airflow.view.paging import MOST
from jobmon_airflow.web.tables import exporting
from jobmon_airflow.web.tables.filters import Filter
from jobmon_airflow.web.tables.models import MODELS, referred, referring
from jobmon_airflow.web.tables.reading import Reading, rights

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.typing import ResponseReturnValue
    from flask_appbuilder.models.filters import Filters
    from sqlalchemy import Column, Row, Table

ROWS: Final = 25  #: of a page, unless somebody asks for more


class List(ListWidget):
    """A page of rows."""

    template = "tables/rows.html"


class Search(SearchWidget):
    """What the rows are searched by, and a form for more of it."""

    template = "tables/search.html"

    def __call__(self, **kwargs: Any) -> Any:
        """Draw it. AppBuilder's own would fill forms for its scripts."""
        return super(SearchWidget, self).__call__(**kwargs)


class Show(ShowWidget):
    """A row by itself."""

    template = "tables/row.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A value as it is shown: a text, and the address of the row that it names."""

    column: str
    text: str | None
    address: str | None = None
    cut: int | None = None  #: characters in all, if only the first of them are shown


class TableView(ModelView):
    """A table. Of AppBuilder's pages it has those that show."""

    table: ClassVar[Table]
    include_route_methods: ClassVar[set[str]] = {"list", "show", "csv", "search"}
    base_permissions: ClassVar[list[str]] = ["can_list", "can_show"]
    method_permission_name: ClassVar[dict[str, str]] = {"csv": "list", "search": "list"}
    list_template, show_template = "tables/list.html", "tables/show.html"
    list_widget, search_widget, show_widget = List, Search, Show

    def _init_forms(self) -> None:
        """There are none: nothing can be changed, and searching takes no form of AppBuilder's."""

    def update_redirect(self) -> None:
        """Keep no history, which would be a cookie: browsers have a way back."""

    @expose("/show/<path:pk>")  # AppBuilder's own takes no keys with slashes
    @has_access
    def show(self, pk: str) -> ResponseReturnValue:
        """A row by itself."""
        shown: ResponseReturnValue = super().show(pk)
        return shown

    @expose("/search/")
    @has_access
    def search(self) -> ResponseReturnValue:
        """From the form to the address of what it asks for, in AppBuilder's words."""
        kept = request.args.to_dict(flat=False)
        column, how, value = (kept.pop(name, [""])[0] for name in ("column", "how", "value"))
        names = [each.name for each in self._found().get_search_filters().get(column, ())]
        if how not in names:
            raise InvalidQuestion(
                f"'{column[:80]}' cannot be searched with '{how[:80]}'.",
                remedy=f"It can with: {', '.join(names)}." if names else "Choose one of the columns.",
            )
        kept.setdefault(f"_flt_{names.index(how)}_{column}", []).append(value)
        return redirect(address(f"{self.endpoint}.list", **kept), 303)

    @expose("/csv/")
    @has_access
    def csv(self) -> ResponseReturnValue:
        """All rows that the filters let through, as CSV."""
        return exporting.csv(self.datamodel, self._found(), newest_first=self._newest_first())

    def _list(self, **_: Any) -> dict[str, Any]:
        filters, newest_first = self._found(), self._newest_first()
        limit = _number("limit", ROWS, 1, MOST)
        rows = self.datamodel.page(filters, after=self._after(), limit=limit + 1, newest_first=newest_first)
        shown = rows[:limit]
        following = self._address(after=self._key_text(shown[-1])) if len(rows) > limit else None
        return {
            "list": self.list_widget(
                table=self.table,
                columns=[column.name for column in self.table.columns],
                rows=[(self._row_address(row), list(self._cells(row))) for row in shown],
                following=following,
                first=self._address(after=None) if request.args.get("after") else None,
                turned=self._address(after=None, order="oldest" if newest_first else "newest"),
                newest_first=newest_first,
                csv=address(f"{self.endpoint}.csv", **self._asked(after=None, limit=None)),
            ),
            "search": self.search_widget(
                filters=filters,
                columns=self.search_columns,
                hows=_hows(filters),
                active=self._active(filters),
                kept=[(name, each) for name, values in self._asked(after=None).items() for each in values],
                address=address(f"{self.endpoint}.search"),
            ),
        }

    def _show(self, pk: Any) -> dict[str, Any]:
        row = self.datamodel.get(pk)
        return {"show": self.show_widget(cells=list(self._cells(row)), related=list(self._related(row)))}

    def _deserialize_pk_if_composite(self, pk: str) -> Any:
        if not self.datamodel.is_pk_composite():
            return pk
        try:
            return json.loads(pk)
        except (ValueError, RecursionError):
            raise UnknownName(
                f"'{pk[:80]}' is no key of '{self.table.name}'.", remedy="Look at the list of rows."
            ) from None

    # --- what was asked ---------------------------------------------------------------------------------------

    def _found(self) -> Filters:
        """The filters in the address; fresh ones, since AppBuilder's own would be shared by all requests."""
        filters = self.datamodel.get_filters(self.search_columns)
        possible = filters.get_search_filters()
        for name, values in request.args.lists():
            if not name.startswith("_flt_"):
                continue
            place, _, column = name.removeprefix("_flt_").partition("_")
            if column not in possible or not place.isdecimal() or int(place) >= len(possible[column]):
                raise InvalidQuestion(
                    f"'{name[:80]}' is no filter of '{self.table.name}'.", remedy="Use the form."
                )
            for value in values:
                filters.add_filter(column, type(possible[column][int(place)]), value)
        return filters

    def _newest_first(self) -> bool:
        order = request.args.get("order", "newest")
        if order not in {"newest", "oldest"}:
            raise InvalidQuestion(
                "Rows are ordered by their key.", remedy="Write order=newest or order=oldest."
            )
        return order == "newest"

    def _after(self) -> list[Any] | None:
        text = request.args.get("after")
        if text is None:
            return None
        key: list[Any] = self.datamodel.key(self._deserialize_pk_if_composite(text))
        return key

    def _asked(self, **changes: str | None) -> dict[str, list[str]]:
        asked = request.args.to_dict(flat=False)
        for name, value in changes.items():
            asked.pop(name, None)
            if value is not None:
                asked[name] = [value]
        return asked

    def _address(self, **changes: str | None) -> str:
        return address(f"{self.endpoint}.list", **self._asked(**changes))

    def _active(self, filters: Filters) -> Iterator[tuple[Filter, str, str]]:
        """Each filter that holds, with its value and the address of the list without it."""
        for each, value in filters.get_filters_values():
            possible = filters.get_search_filters()[each.column_name]
            place = next(place for place, one in enumerate(possible) if type(one) is type(each))
            name = f"_flt_{place}_{each.column_name}"
            asked = self._asked(after=None)
            asked[name] = [other for other in asked[name] if other != value]
            yield each, value, address(f"{self.endpoint}.list", **asked)

    # --- what is shown ----------------------------------------------------------------------------------------

    def _cells(self, row: Row[Any]) -> Iterator[Cell]:
        for column in self.table.columns:
            value = getattr(row, column.name)
            text = _text(value)
            length = getattr(row, LENGTH_OF + column.name, None)
            yield Cell(
                column=column.name,
                text=text,
                address=_address_of(column, value),
                cut=length if text is not None and length is not None and length > len(text) else None,
            )

    def _related(self, row: Row[Any]) -> Iterator[tuple[str, str, str]]:
        """Of each column that names this row: its table, itself, and the list of the rows that do."""
        for column in referring(self.table):
            if rights().sees(column.table):
                [key] = self.table.primary_key.columns
                where = {f"_flt_0_{column.name}": _text(getattr(row, key.name))}
                yield column.table.name, column.name, address(f"{column.table.name}.list", **where)

    def _row_address(self, row: Row[Any]) -> str:
        return address(f"{self.endpoint}.show", pk=self._key_text(row))

    def _key_text(self, row: Row[Any]) -> str:
        key = [_text(getattr(row, column.name)) for column in self.table.primary_key.columns]
        return json.dumps(key) if len(key) > 1 else str(key[0])


def _view(table: Table) -> type[TableView]:
    names = [column.name for column in table.columns]
    return type(
        table.name,
        (TableView,),
        {
            "table": table,
            "datamodel": Reading(MODELS[table.name]),
            "route_base": f"/{table.name}",
            "list_title": table.name,
            "show_title": table.name,
            "list_columns": names,
            "show_columns": names,
            "search_columns": names,
            "label_columns": {name: name for name in names},
        },
    )


def views() -> dict[str, type[TableView]]:
    """A view of each table, by the table's name."""
    return {name: _view(model.__table__) for name, model in MODELS.items()}


def _address_of(column: Column[Any], value: Any) -> str | None:
    """Of the row that a value names, if it names one that is shown."""
    table = referred(column)
    if table is None or value is None or not rights().sees(table):
        return None
    return address(f"{table.name}.show", pk=str(value))


def address(endpoint: str, **query: Any) -> str:
    """Of one of our pages; whatever the site does not know of it is the query."""
    return url_for(endpoint, **query)


def _hows(filters: Filters) -> list[str]:
    """The names of all filters that some column has."""
    return list(dict.fromkeys(each.name for some in filters.get_search_filters().values() for each in some))


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return value.isoformat(sep=" ") if hasattr(value, "isoformat") else str(value)


def _number(name: str, otherwise: int, least: int, most: int) -> int:
    text = request.args.get(name, str(otherwise))
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
        raise InvalidQuestion(f"'{name}' is a number from {least} to {most}.", remedy=f"Leave '{name}' out.")
    return int(text)
