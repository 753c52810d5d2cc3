"""Where we are, behind proxies that cut the beginning of paths and behind those that leave it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class WithWholePath:
    """Gives an application the whole path: below a mount, routes are not found without its beginning."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        root, path = scope.get("root_path", ""), scope.get("path", "")
        own = f"/{root.rpartition('/')[2]}"
        if root and not path.startswith(root) and path.startswith(own):
            scope = {**scope, "path": root + path.removeprefix(own)}
        await self.app(scope, receive, send)
