"""Whether a server understands what a statement needs."""

from __future__ import annotations

from asyncorm.compiler.compiled import Feature
from asyncorm.errors import InvalidRequestError


def check_server(needs: Feature, version: int) -> None:
    """Refuse what the server's major version does not know: its own error would not say so."""
    if version < needs.version:
        raise InvalidRequestError(
            f"{needs.name} needs PostgreSQL {needs.version}, and the server is PostgreSQL "
            f"{version}",
            hint="say it by other statements in one transaction, or upgrade the server",
        )
