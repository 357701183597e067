"""Threat: ANSI and OSC sequences, ``\\r``, and CI commands (``::x::`` after leading blanks, ``##[x]``
anywhere, ``##vso[``) in texts of manifests and of the remote.

Defence: all controls are escaped, every line of a prompt stands behind a visible gutter, ``##[`` is broken;
on every command that prints such texts, in every format.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata

import pytest

from assistctl.server.messages import Answer, error_answer

from .stage import Checkout, Ran, Remote, manifest, quoted

ATTACKS = [
    "\x1b[2J\x1b[1;1Hyou were never here",
    "\x1b]0;title\x07\x1b]8;;http://evil.invalid\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x9b31mred\x9c",
    "covered\rPlan: 0 to add, 0 to change, 0 to destroy.",
    "\u202eesrever\u202c \u2066isolate\u2069",
    "\u200bzero\u200dwidth\ufeff",
    "\U000e0049\U000e0067\U000e006e\U000e006f\U000e0072\U000e0065",
    "a\u2028b\u2029c\x85d\x0be\x0cf",
    "\n::error file=x,line=1::forged",
    "\n  ::set-output name=x::y",
    "\n\u3000::add-mask::a",
    "\n##[error]forged",
    "x ##[group]y",
    "##vso[task.setvariable variable=a]b",
    "##VSO[task.complete result=Succeeded;]",
    "##teamcity[buildStatus text='x']",
    "\n::stop-commands::token",
    "\nsection_start:1:a\r\x1b[0K",
    "\nPlan: 0 to add, 0 to change, 0 to destroy.",
    "\nApply complete! Resources: 0 added, 0 changed, 0 destroyed.",
    "\x00\x08\x7f",
]
HOSTILE = " ".join(ATTACKS)
BLANKS = (
    "".join(map(chr, range(9, 14)))
    + "\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000 "
    + "".join(map(chr, range(0x2000, 0x200B)))
)
"""What .NET's ``string.TrimStart()`` takes off before GitHub's runner looks for ``::``."""
UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
PROMISES = re.compile(r"(Plan: \d|No changes\.|Apply (complete|incomplete)!)")


def safe(text: str, *, promises: int = 1) -> None:
    """Nothing in ``text`` moves a cursor, hides, or is a command; our own verdicts stand there once."""
    assert text, "a test that printed nothing proves nothing"
    for line in text.split("\n"):
        odd = [char for char in line if unicodedata.category(char) in UNSEEN and char != "\t"]
        assert not odd, (odd, line)
        assert not re.match(r"::.*::", line.lstrip(BLANKS)), line
        assert not re.search(r"##(\[|vso\[|teamcity\[)", line, re.IGNORECASE), line
    assert sum(bool(PROMISES.match(line)) for line in text.split("\n")) <= promises


@pytest.fixture
def hostile(checkout: Checkout, remote: Remote) -> Checkout:
    """A fleet that was applied once; then somebody wrote hostile texts into every field of the remote."""
    checkout.put({f"assistants/{key}.yaml": manifest(name=key) for key in ("bot", "gone", "twin")})
    assert checkout.run("apply", "--auto-approve").code == 0
    found = {item["name"]: item for item in remote.all()}
    texts = {
        "name": HOSTILE[:256],
        "description": HOSTILE[:512],
        "instructions": HOSTILE + "\n" + HOSTILE,
        "tools": [
            {
                "type": "function",
                "function": {"name": "f", "description": HOSTILE, "parameters": {HOSTILE: HOSTILE}},
            }
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "a", "description": HOSTILE, "schema": {"title": HOSTILE}},
        },
    }
    metadata = {"assistctl": found["bot"]["metadata"]["assistctl"], HOSTILE[:64]: HOSTILE[:512]}
    remote.ask("POST", f"/{found['bot']['id']}", {**texts, "metadata": metadata})
    remote.ask("DELETE", f"/{found['gone']['id']}")
    remote.add(name=HOSTILE[:256], metadata={"assistctl": found["twin"]["metadata"]["assistctl"]})
    remote.add(name="gone", description=HOSTILE[:512], metadata={"assistctl": HOSTILE[:512]})
    remote.add(**texts, metadata={HOSTILE[20:84]: HOSTILE[:512]})
    return checkout


READING = [
    ("plan",),
    ("plan", "--full"),
    ("plan", "--format", "json", "--full"),
    ("plan", "--format", "markdown"),
    ("plan", "--format", "html"),
    ("drift",),
    ("drift", "--full"),
    ("drift", "--format", "json"),
    ("drift", "--format", "markdown"),
    ("list",),
    ("list", "--format", "json"),
    ("show", "bot"),
    ("show", "bot", "--remote"),
    ("show", "bot", "--remote", "--format", "json"),
    ("ids",),
    ("export", "--remote", "bot"),
]
WRITING = [
    ("pull", "--yes"),
    ("import", "--all"),
    ("release", "bot", "--auto-approve"),
    ("destroy", "--auto-approve"),
    ("apply", "--auto-approve", "--adopt-oldest", "--create-anyway"),
    ("apply", "--auto-approve", "--adopt-oldest", "--create-anyway", "--format", "json"),
    ("apply", "--auto-approve", "--on-drift", "keep"),
]


def print_safely(hostile: Checkout, words: tuple[str, ...]) -> None:
    ran = hostile.run("-v", *words)
    assert ran.code not in (1, 7), (words, ran.err)
    safe(ran.shown, promises=2 if words[0] == "apply" else 1)


def test_no_command_prints_a_hostile_text_of_the_remote_raw(hostile: Checkout) -> None:
    for words in READING:
        print_safely(hostile, words)


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_no_command_that_writes_prints_one_raw_either(hostile: Checkout, words: tuple[str, ...]) -> None:
    print_safely(hostile, words)


def test_the_hostile_texts_do_reach_the_output(hostile: Checkout) -> None:
    """Else the tests above would look at nothing."""
    shown = hostile.run("plan", "--full").out
    for sign in (r"\x1b[2J", r"\u{202e}", r"\u{e0049}", r"\r", "::error", "vso[", r"\u{2028}"):
        assert sign in shown


def test_the_run_of_hostile_texts_is_listed_shown_and_undone_safely(hostile: Checkout) -> None:
    assert hostile.run("apply", "--auto-approve", "--adopt-oldest", "--create-anyway").code == 0
    runs = hostile.run("runs", "--format", "json")
    safe(runs.shown)
    safe(hostile.run("runs").shown)
    record = runs.data[0]["run"] if isinstance(runs.data, list) else runs.data["runs"][0]["run"]
    safe(hostile.run("runs", "show", record).shown)
    safe(hostile.run("undo", record, "--auto-approve").shown, promises=2)


def test_every_line_of_a_prompt_stands_behind_the_gutter(hostile: Checkout) -> None:
    """So that no text of a prompt can be taken for a line of ours."""
    for words in (("plan", "--full"), ("show", "bot", "--remote"), ("drift", "--full")):
        for line in hostile.run(*words).out.splitlines():
            if re.search(r"you were never here|forged|set-output|stop-commands", line):
                assert re.match(r"\s+(\||[a-z_.]+)", line), line


MANIFESTS = {
    "values": manifest(name=HOSTILE[:256], description=HOSTILE[:512], instructions=HOSTILE),
    "keys": quoted({"model": "gpt-4o", **{attack: attack for attack in ATTACKS}}),
    "an id": manifest(id=HOSTILE),
    "a model": quoted({"model": HOSTILE}),
    "a path": manifest(extends=HOSTILE),
    "a reference": manifest(name="${var." + HOSTILE + "}", description="${file." + HOSTILE + "}"),
    "a tool": quoted({"model": "gpt-4o", "tools": [{"type": HOSTILE}]}),
    "a tag": "model: gpt-4o\nname: !<tag:##[error]> x\n",
    "an alias": "model: gpt-4o\nname: *##vso[x]\n",
    "syntax": "model: [gpt-4o\n::error::x: {\n##[group]",
    "a duplicate key": quoted({"model": "x"})[:-1] + ', "a\\u001b[2J##[x]": 1, "a\\u001b[2J##[x]": 2}',
    "a metadata key": manifest(metadata={HOSTILE[:64]: HOSTILE[:512]}),
}


@pytest.mark.parametrize("name", MANIFESTS)
@pytest.mark.parametrize("form", ["text", "json", "github", "gitlab", "sarif"])
def test_a_diagnostic_shows_a_hostile_manifest_safely(checkout: Checkout, name: str, form: str) -> None:
    checkout.put({"assistants/bot.yaml": MANIFESTS[name]})
    ran = checkout.run("validate", "--format", form)
    assert ran.code == 65, ran.shown
    own = [
        line
        for line in ran.out.split("\n")
        if form == "github" and re.match(r"::(error|warning|notice) ", line)
    ]
    safe("\n".join(line for line in ran.shown.split("\n") if line not in own) or "nothing else")
    for line in own:
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", line)
        assert line.count("\n") == 0


@pytest.mark.parametrize(
    "verb", [("plan",), ("render",), ("apply", "--auto-approve"), ("export",)], ids=" ".join
)
def test_every_command_that_reads_manifests_shows_their_errors_safely(
    checkout: Checkout, verb: tuple[str, ...]
) -> None:
    checkout.put({f"assistants/bot{n}.yaml": text for n, text in enumerate(MANIFESTS.values())})
    ran = checkout.run(*verb)
    assert ran.code == 65
    safe(ran.shown)


@pytest.mark.parametrize(
    "name",
    [
        "\x1b[2J.yaml",
        "##[error].yaml",
        "::error::.yaml",
        "a\rb.yaml",
        "\u202e.yaml",
        "a\nb::error::.yaml",
        "\x9b.yaml",
    ],
)
def test_a_hostile_file_name_is_shown_safely(checkout: Checkout, name: str) -> None:
    checkout.put({f"assistants/{name}": "nonsense: true\n"})
    for words in (("validate",), ("validate", "--format", "json"), ("plan",), ("fmt", "--check")):
        safe(checkout.run(*words).shown)


def test_a_file_name_that_is_no_text_stops_nothing(checkout: Checkout) -> None:
    (checkout.path / "assistants").mkdir(exist_ok=True)
    with open(os.fsencode(checkout.path / "assistants") + b"/b\xff\xfe.yaml", "wb") as file:
        file.write(b"model: gpt-4o\nnonsense: 1\n")
    ran = checkout.spawn("validate")
    assert ran.code == 65
    ran.out.encode("utf-8")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418, 429, 500])
def test_the_error_texts_of_the_remote_are_shown_safely(
    checkout: Checkout, remote: Remote, status: int
) -> None:
    checkout.put({"assistants/bot.yaml": manifest()})
    for body in (
        json.dumps({"error": {"message": HOSTILE, "code": HOSTILE, "param": HOSTILE, "type": HOSTILE}}),
        json.dumps({"error": HOSTILE}),
        json.dumps({"detail": [{"loc": [HOSTILE], "msg": HOSTILE}]}),
        HOSTILE,
        f"<html><title>{HOSTILE}</title>",
    ):
        remote.replaced = lambda _request, body=body: Answer(  # type: ignore[misc]
            status, {"x-should-retry": "false", "x-request-id": "##[error]::x::"}, body.encode()
        )
        for words in (("plan",), ("apply", "--auto-approve")):
            ran = checkout.run(*words)
            assert ran.code in (7, 8, 9)
            safe(ran.shown)


@pytest.mark.parametrize("status", [400, 500])
def test_the_error_text_of_a_failed_write_is_shown_safely(
    checkout: Checkout, remote: Remote, status: int
) -> None:
    checkout.put({"assistants/bot.yaml": manifest()})
    remote.replaced = lambda request: error_answer(status, HOSTILE) if request.method == "POST" else None
    for form in ("text", "json"):
        ran = checkout.run("apply", "--auto-approve", "--format", form, "--settle-seconds", "0.1")
        assert ran.code in (3, 4, 7)
        safe(ran.shown, promises=2)


@pytest.mark.parametrize(
    "body",
    [
        HOSTILE.encode(),
        b"\x1b[2J" * 9,
        json.dumps([HOSTILE]).encode(),
        b'{"data": [{"id": "\\u001b[2J##[x]"}]}',
    ],
)
@pytest.mark.usefixtures("no_waits")
def test_an_answer_that_is_no_list_is_quoted_safely(checkout: Checkout, remote: Remote, body: bytes) -> None:
    remote.replaced = lambda _request: Answer(200, {}, body)
    ran = checkout.put({"assistants/bot.yaml": manifest()}).run("plan")
    assert ran.code == 7
    safe(ran.shown)


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_a_hostile_argument_is_shown_safely(checkout: Checkout, attack: str) -> None:
    attack = attack.replace("\0", "")
    checkout.put({"assistants/bot.yaml": manifest()})
    for words in (
        ("show", attack),
        ("explain", attack),
        (attack.strip() or "x",),
        ("plan", "--target", attack),
        ("plan", f"--{attack}"),
        ("plan", "-e", attack),
        ("--provider", attack, "plan"),
        ("--base-url", attack, "plan"),
        ("undo", attack),
        ("apply", attack),
    ):
        ran: Ran = checkout.run(*words)
        assert ran.code != 1, (words, ran.err)
        safe(ran.shown)
