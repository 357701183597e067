"""JSON files, as strictly as YAML: no duplicate keys, no numbers outside JSON's, the same limits.

YAML's own reader would not do: it has no surrogate pairs (``\\ud83d\\ude00``), which JSON writers emit.
"""

from __future__ import annotations

import json
from math import isinf

from assistctl.model.values import Json

from .scalars import NotJson, resolve
from .yaml_nodes import MAX_DEPTH, MAX_NODES, Positions, Problem
from .yaml_reader import Document, Loaded, decode


class _Duplicate(ValueError):
    """A key stands twice in one object."""


class _TooMuch(ValueError):
    """A limit is passed."""


def load_json(data: bytes) -> Loaded:
    """One JSON document, or the problems that kept us from reading it; never raises for bad input."""
    text, problems = decode(data)
    if problems:
        return Loaded(problems=problems)
    try:
        value: Json = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_refuse,
            parse_int=_integer,
            parse_float=_float,
        )
        _check_limits(value)
    except json.JSONDecodeError as error:
        return _problem("AC020", f"not JSON: {error.msg}", error.lineno, error.colno)
    except NotJson as error:
        return _problem("AC017", str(error), 1, 1)
    except _Duplicate as error:
        return _duplicate(text, str(error))
    except (_TooMuch, RecursionError):
        return _problem("AC015", f"deeper than {MAX_DEPTH} levels or more than {MAX_NODES:,} values", 1, 1)
    return Loaded((Document(0, 1, value),), dollars="${" in text)


def _problem(code: str, message: str, line: int, column: int) -> Loaded:
    return Loaded(problems=(Problem(code, message, line, column),))


def _duplicate(text: str, key: str) -> Loaded:
    """JSON is nearly YAML, so the YAML reader usually knows where the second key stands."""
    found = tuple(problem for problem in Positions(text).problems() if problem.code == "AC009")
    return Loaded(problems=found or (Problem("AC009", f"duplicate key '{key}'", 1, 1),))


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Duplicate(next(name for name in made if names.count(name) > 1))
    return made


def _refuse(word: str) -> Json:
    raise NotJson(f"{word} does not exist in JSON")


def _integer(text: str) -> Json:
    return resolve(text)


def _float(text: str) -> Json:
    number = float(text)
    if isinf(number):
        raise NotJson("the number is too large")
    return number


def _check_limits(value: Json) -> None:
    level: list[Json] = [value]
    nodes = 0
    for _ in range(MAX_DEPTH + 1):
        nodes += len(level)
        inner: list[Json] = []
        for each in level:
            if isinstance(each, dict):
                inner.extend(each.values())
            elif isinstance(each, list):
                inner.extend(each)
        if not inner:
            break
        level = inner
    else:
        raise _TooMuch
    if nodes > MAX_NODES:
        raise _TooMuch
