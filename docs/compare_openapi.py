"""Holds the description of ``assistctl serve`` against OpenAI's: run ``python docs/compare_openapi.py FILE``.

FILE is OpenAI's published OpenAPI description, whole or only what the assistants need of it, as YAML or JSON
(github.com/openai/openai-openapi, openapi.yaml). It is not part of this repository. Every difference in what
a client may send or must expect is printed; those that are meant are listed below with their reasons. Ends
with 1 where there is any other.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from assistctl.server.description import openapi_text

Schema = Mapping[str, Any]
Facts = dict[tuple[str, str], Any]
"""Where (``createAssistant body.name``) and what (``maxLength``) to its value."""

MEANT: Mapping[str, str] = {
    r"\+ \w+ status (400|401|404|411|413|500)": "how requests are refused is not described there",
    r"- \w+ status 429": "the embedded server has no rate limit; serve --fail-kinds 429 has",
    r"- \w+ body\.reasoning_effort default": "a model that does not reason has none",
    r"\+ \w+ 200(\.data\[\])?\.reasoning_effort \w+": "OpenAI's service answers it",
    r"~ \w+ 200(\.data\[\])? required": "the embedded server fills every field in",
    r"\+ listAssistants 200\.(first_id|last_id) nullable": "OpenAI's service has null there in an empty list",
    r"\+ \w+ \S*metadata\.\* nullable": "null takes a key away at OpenAI's service",
    r"- \w+ \S*\.vector_stores\[\]\.file_ids maxItems": "no request of a legal size reaches that number",
    r"- \w+ \S*\.file_ids default": "an answer has the empty list only where its tool is enabled",
    r"\+ \w+ 200(\.data\[\])?\.id pattern": "ids of the embedded server have a form",
    r"\+ listAssistants 200\.(data maxItems|object values)": "said in prose there",
    r"\+ listAssistants limit (minimum|maximum)": "said in prose there",
    r"\+ \w+ \S*metadata( maxProperties|\.\* maxLength| keyLength)": "said in prose there",
    r"\+ \w+ \S*(function|json_schema)\.name (maxLength|minLength|pattern)": "said in prose there",
    r"\+ \w+ \S*\.chunk_overlap_tokens (minimum|maximum)": "said in prose there",
}
"""Differences that are meant, and why: ``+`` ours says more, ``-`` less, ``~`` something else."""

_PLAIN = ("minimum", "maximum", "minLength", "maxLength", "maxItems", "maxProperties", "pattern", "default")
_METHODS = ("get", "post", "delete")
_PATHS = ("/assistants", "/assistants/{assistant_id}")


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact that is not the same on both sides; None where one side does not say it."""

    where: str
    theirs: Any
    ours: Any

    @property
    def reason(self) -> str:
        """Why it is meant; empty where it is not."""
        sign = "+" if self.theirs is None else "-" if self.ours is None else "~"
        return next((why for form, why in MEANT.items() if re.fullmatch(form, f"{sign} {self.where}")), "")

    def __str__(self) -> str:
        return f"{self.where}: theirs {_shown(self.theirs)}, ours {_shown(self.ours)}"


def differences(theirs: Schema, ours: Schema) -> list[Difference]:
    """Every difference between two descriptions, about the five operations, in a fixed order."""
    left, right = facts_of(theirs), facts_of(ours)
    return [
        Difference(" ".join(place), left.get(place), right.get(place))
        for place in sorted(left.keys() | right.keys())
        if left.get(place) != right.get(place)
    ]


def facts_of(document: Schema) -> Facts:
    """What one description says about the five operations."""
    reader = _Reader(document)
    for path in _PATHS:
        for method in _METHODS:
            if method in document["paths"].get(path, {}):
                reader.operation(path, method)
    return reader.facts


class _Reader:
    """Walks one description and notes its facts, whichever way they are written."""

    def __init__(self, document: Schema) -> None:
        self._document = document
        self.facts: Facts = {}

    def operation(self, path: str, method: str) -> None:
        shared = self._document["paths"][path]
        found = shared[method]
        name = found["operationId"]
        for parameter in [*shared.get("parameters", ()), *found.get("parameters", ())]:
            self._schema(f"{name} {parameter['name']}", parameter["schema"])
        if "requestBody" in found:
            self.facts[name, "body required"] = found["requestBody"].get("required", False)
            self._schema(f"{name} body", _json_schema(found["requestBody"]))
        for status, response in found["responses"].items():
            self.facts[name, f"status {status}"] = True
            if status == "200":
                self._schema(f"{name} 200", _json_schema(self._resolved(response)))

    def _schema(self, where: str, schema: Schema) -> None:
        found = self._resolved(schema)
        alternatives = self._alternatives(found)
        if len(alternatives) > 1:
            for each in alternatives:
                self._schema(f"{where}<{self._label(each)}>", each)
        elif alternatives:
            self._schema(where, alternatives[0])
        if self._nullable(found):
            self.facts[where, "nullable"] = True
        if not alternatives:
            self._plain(where, found)
            self._members(where, found)

    def _plain(self, where: str, found: Schema) -> None:
        for word in _PLAIN:
            if found.get(word) is not None:
                self.facts[where, word] = found[word]
        if types := [each for each in _listed(found.get("type")) if each != "null"]:
            self.facts[where, "type"] = types
        if values := [value for value in _values(found) if value is not None]:
            self.facts[where, "values"] = sorted(values)
        if "required" in found:
            self.facts[where, "required"] = sorted(found["required"])
        if one_of := [each["required"] for each in found.get("oneOf", ()) if set(each) == {"required"}]:
            self.facts[where, "exactly one of"] = sorted(one_of)

    def _members(self, where: str, found: Schema) -> None:
        for name, member in found.get("properties", {}).items():
            if member is not False:
                self._schema(f"{where}.{name}", member)
        if "items" in found:
            self._schema(f"{where}[]", found["items"])
        more = found.get("additionalProperties")
        if more is False:
            self.facts[where, "closed"] = True
        elif isinstance(more, Mapping):
            self._schema(f"{where}.*", more)
        if limit := found.get("propertyNames", {}).get("maxLength"):
            self.facts[where, "keyLength"] = limit

    def _alternatives(self, found: Schema) -> list[Schema]:
        """The alternatives of a union, null aside; none where there is no choice."""
        unions = [self._resolved(each) for word in ("anyOf", "oneOf") for each in found.get(word, ())]
        choices = [each for each in unions if each.get("type") != "null" and set(each) != {"required"}]
        free = [each for each in choices if each.get("type") == "string" and "enum" not in each]
        texts = all(each.get("type") == "string" for each in choices)
        return free[:1] if free and texts else choices

    def _nullable(self, found: Schema) -> bool:
        unions = [self._resolved(each) for word in ("anyOf", "oneOf") for each in found.get(word, ())]
        return "null" in _listed(found.get("type")) or None in _values(found) or {"type": "null"} in unions

    def _label(self, schema: Schema) -> str:
        """What tells one alternative from the others."""
        kind = self._resolved(schema.get("properties", {}).get("type", {}))
        words = _values(kind) or _values(schema) or _listed(schema.get("type"))
        return "|".join(map(str, words))

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            target: Any = self._document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            schema = target
        return schema


def _json_schema(holder: Schema) -> Schema:
    found: Schema = holder["content"]["application/json"]["schema"]
    return found


def _values(schema: Schema) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _listed(value: Any) -> Sequence[str]:
    return () if value is None else [value] if isinstance(value, str) else value


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def report(found: Sequence[Difference]) -> Iterator[str]:
    """Lines for people: each difference that is not meant, and how many are, by their reasons."""
    others = [each for each in found if not each.reason]
    yield f"{len(others)} differences that are not meant"
    yield from (f"  {each}" for each in others)
    reasons = Counter(each.reason for each in found if each.reason)
    yield f"{reasons.total()} differences that are meant"
    yield from (f"  {number:3} {reason}" for reason, number in reasons.most_common())


def main(arguments: Sequence[str]) -> int:
    """0 where every difference is meant, 1 where one is not, 64 without a file."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python docs/compare_openapi.py FILE\n")
        return 64
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    theirs = yaml.load(Path(arguments[0]).read_text(encoding="utf-8"), loader)  # noqa: S506 - a safe loader
    found = differences(theirs, json.loads(openapi_text()))
    sys.stdout.write("\n".join(report(found)) + "\n")
    return int(any(not each.reason for each in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
