"""JSON Schemas of the files that people write."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from galvanaut.core.errors import InputError

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_text(kind: str) -> str:
    """The schema of ``campaign``, ``bench``, ``alarms`` or ``prices`` files.

    Raises:
        InputError: another kind.
    """
    makers: dict[str, Callable[[], dict[str, Any]]] = {
        "campaign": _campaign,
        "bench": _bench,
        "alarms": _alarms,
        "prices": _prices,
    }
    if kind not in makers:
        raise InputError("schema", f"{kind!r} is not a kind of file; choose campaign, bench, alarms or prices")
    return json.dumps(makers[kind](), indent=2)


def _campaign() -> dict[str, Any]:
    from galvanaut.campaigns.campaignfile import json_schema

    return json_schema()


def _prices() -> dict[str, Any]:
    from galvanaut.campaigns.quote.prices import json_schema

    return {"$schema": DIALECT, **json_schema()}


def _alarms() -> dict[str, Any]:
    from galvanaut.flows.alarms import AlarmFile

    return {"$schema": DIALECT, **AlarmFile.model_json_schema(by_alias=True, mode="validation")}


def _bench() -> dict[str, Any]:
    from galvanaut.instruments.bench import Bench

    return {"$schema": DIALECT, **Bench.model_json_schema(by_alias=True, mode="validation")}
