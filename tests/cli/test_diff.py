"""``diff REF`` from outside: a real repository, no key, no network, nothing run and nothing touched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Inside, Ran

PROJECT = "project: shop\nprovider: aimlapi\ndefaults: {model: gpt-4o-mini}\n"
BOT = "instructions: You answer questions about orders.\ntemperature: 0.2\n"


class Checkout:
    """A repository with one project in it, and ``diff`` run there."""

    def __init__(self, top: Path, inside: Inside, folder: str = "") -> None:
        self.top, self.path, self._inside = top, top / folder, inside
        self.path.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        ran = subprocess.run(["git", *identity, *words], cwd=self.top, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def put(self, **texts: str) -> Checkout:
        """Manifests by key; an empty text removes one."""
        for key, text in texts.items():
            place = self.path / "assistants" / f"{key}.yaml"
            place.parent.mkdir(exist_ok=True)
            place.write_text(text, encoding="utf-8")
            if not text:
                place.unlink()
        return self

    def project(self, text: str = PROJECT) -> Checkout:
        (self.path / "assistctl.yaml").write_text(text, encoding="utf-8")
        return self

    def commit(self) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "c")
        return self.git("rev-parse", "HEAD")

    def diff(self, *args: str) -> Ran:
        return self._inside("-C", str(self.path), "diff", *args)

    def data(self, *args: str) -> Any:
        ran = self.diff("--format", "json", *args)
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    def changes(self, *args: str) -> dict[str, str]:
        return {each["key"]: each["action"] for each in self.data(*args)["assistctl"]["changes"]}


@pytest.fixture
def checkout(tmp_path: Path, inside: Inside) -> Checkout:
    """A project in the top folder with one committed manifest, ``bot``."""
    made = Checkout(tmp_path / "repo", inside).project().put(bot=BOT)
    made.commit()
    return made


def test_nothing_changed_is_said_in_the_words_of_a_plan(checkout: Checkout) -> None:
    ran = checkout.diff("HEAD")
    commit = checkout.git("rev-parse", "HEAD")
    assert (ran.code, ran.err) == (0, "assistctl.yaml:3:19: AC801 " + ran.err.partition("AC801 ")[2])
    assert ran.out.splitlines() == [
        f"shop/default: HEAD → work tree (git:{commit})",
        "",
        "1 unchanged. No remote was asked.",
        "No changes. Your infrastructure matches the configuration.",
    ]


def test_changes_are_shown_as_a_plan_shows_them_without_ids(checkout: Checkout) -> None:
    checkout.put(old="instructions: Say goodbye now.\n").commit()
    checkout.put(bot=BOT.replace("0.2", "0.7"), old="", new="instructions: Welcome them all.\n")
    ran = checkout.diff("HEAD", "--detailed-exitcode")
    assert ran.code == 2
    assert ran.out.splitlines()[2:] == [
        "  ~ bot                       update",
        "      temperature    0.2 → 0.7",
        "  + new                       create",
        "      model          gpt-4o-mini",
        "      instructions   1 line, 17 characters",
        "      name           new",
        "  - old                       delete",
        "      no manifest declares it",
        "",
        "0 unchanged. No remote was asked.",
        "Plan: 1 to add, 1 to change, 1 to destroy.",
    ]


def test_without_detailed_exitcode_a_difference_answers_0(checkout: Checkout) -> None:
    assert checkout.put(bot=BOT + "top_p: 0.5\n").diff("HEAD").code == 0


def test_the_json_is_a_plans_and_names_the_commit(checkout: Checkout) -> None:
    commit = checkout.git("rev-parse", "HEAD")
    found = checkout.put(bot=BOT.replace("orders", "bills"), new=BOT).data("main")
    ours = found["assistctl"]
    assert (found["format_version"], ours["provider"], ours["origin"]) == (
        "1.2",
        "main → work tree",
        f"git:{commit}",
    )
    assert [each["change"]["actions"] for each in found["resource_changes"]] == [["update"], ["create"]]
    assert [(each["id"], each["file"]) for each in ours["changes"]] == [
        (None, "assistants/bot.yaml"),
        (None, "assistants/new.yaml"),
    ]
    assert ours["changes"][0]["fields"] == [
        {
            "field": "instructions",
            "before": "You answer questions about orders.",
            "after": "You answer questions about bills.",
            "cause": "manifest",
        }
    ]
    assert 'assistctl":"1' not in json.dumps(found["resource_changes"])  # no marker


@pytest.mark.parametrize(
    ("form", "begins"),
    [("markdown", "<!-- assistctl:plan:shop/default -->"), ("html", "<!doctype html>"), ("gitlab", "{")],
)
def test_every_format_of_plan_is_there(checkout: Checkout, form: str, begins: str) -> None:
    ran = checkout.put(new=BOT).diff("HEAD", "--format", form)
    assert ran.code == 0
    assert ran.out.lower().startswith(begins)


def test_reports_and_the_files_of_the_ci_are_written_too(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        (tmp_path / name).touch()
        monkeypatch.setenv(name, str(tmp_path / name))
    report = tmp_path / "review.md"
    assert checkout.put(new=BOT).diff("HEAD", "--report", f"markdown={report}").code == 0
    assert "1 to add" in report.read_text(encoding="utf-8")
    assert "1 to add" in (tmp_path / "GITHUB_STEP_SUMMARY").read_text(encoding="utf-8")
    lines = (tmp_path / "GITHUB_OUTPUT").read_text(encoding="utf-8").splitlines()
    names = [line.partition("<<")[0] for line in lines if "<<" in line]
    assert names == ["has-changes", "create", "update", "delete", "plan-file"]
    assert lines[1::3] == ["true", "1", "0", "0", ""]


def test_an_alias_tells_a_rename(checkout: Checkout) -> None:
    checkout.put(bot="", agent="aliases: [bot]\n" + BOT)
    (change,) = checkout.data("HEAD")["assistctl"]["changes"]
    assert (change["action"], change["key"], change["previous_key"]) == ("update", "agent", "bot")
    assert [(each["field"], each["cause"]) for each in change["fields"]] == [("name", "rename")]


@pytest.mark.parametrize(
    "revision", ["nowhere", "-x", "--help", "", "HEAD:assistants", "HEAD..HEAD", "HEAD^{tree}"]
)
def test_a_word_that_is_no_commit_is_a_usage_error_that_names_it(checkout: Checkout, revision: str) -> None:
    ran = checkout.diff("--", revision)
    assert (ran.code, ran.out) == (64, "")
    assert f"git knows no commit '{revision}' here" in ran.err


def test_tags_short_names_and_relative_revisions_are_commits(checkout: Checkout) -> None:
    checkout.git("commit", "-q", "--allow-empty", "-m", "first")
    checkout.git("tag", "-a", "v1", "-m", "v1")
    first = checkout.git("rev-parse", "HEAD")
    checkout.put(new=BOT).commit()
    for revision in ("v1", "HEAD~1", first[:9], "HEAD^", ":/first"):
        assert checkout.changes(revision) == {"bot": "no-op", "new": "create"}, revision


def test_outside_a_repository_it_is_a_usage_error(checkout: Checkout) -> None:
    shutil.rmtree(checkout.top / ".git")
    ran = checkout.diff("HEAD")
    assert (ran.code, ran.out) == (64, "")
    assert "git finds no repository here" in ran.err


def test_without_git_it_is_a_usage_error(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout.path))
    ran = checkout.diff("HEAD")
    assert (ran.code, "git is needed" in ran.err) == (64, True)


def test_broken_manifests_of_now_are_all_placed_and_nothing_is_compared(checkout: Checkout) -> None:
    ran = checkout.put(bot="temperature: warm\n", other="nmae: x\n").diff("HEAD", "--detailed-exitcode")
    assert (ran.code, ran.out) == (65, "")
    assert "assistants/bot.yaml:1:" in ran.err
    assert "assistants/other.yaml:1:" in ran.err
    assert "Not done: nothing was compared" in ran.err


def test_a_broken_past_is_told_and_the_rest_is_compared(checkout: Checkout) -> None:
    checkout.put(broken="temperature: warm\n").commit()
    ran = checkout.put(bot=BOT.replace("0.2", "0.3"), broken=BOT).diff("HEAD", "--detailed-exitcode")
    assert ran.code == 2
    assert "HEAD:assistants/broken.yaml:1:" in ran.err
    assert "its manifest is invalid in the older revision: compared with nothing" in ran.out
    assert "compared with nothing: broken" in ran.out
    assert ran.out.splitlines()[-1] == "Plan: 1 to add, 1 to change, 0 to destroy."


@pytest.mark.parametrize(
    ("past", "words"),
    [
        (None, "HEAD has no assistctl.yaml here: all is new"),
        ("project: Shop\n", "assistctl.yaml is invalid: nothing of it could be read, all is shown as new"),
        (PROJECT + "environments: {dev: {}}\n", "HEAD has no environment default: all is new"),
        (PROJECT.replace("aimlapi", "nowhere"), "nothing of it could be read, all is shown as new"),
        (PROJECT.replace("shop", "store"), "formerly: [store/default] takes its assistants over"),
    ],
)
def test_a_past_without_this_project_is_told_and_all_is_new(
    checkout: Checkout, past: str | None, words: str
) -> None:
    if past is None:
        (checkout.path / "assistctl.yaml").unlink()
    else:
        checkout.project(past)
    checkout.commit()
    ran = checkout.project().diff("HEAD")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "Plan: 1 to add, 0 to change, 0 to destroy.")
    assert words in ran.out


def test_a_project_below_the_top_is_compared_with_its_own_folder(tmp_path: Path, inside: Inside) -> None:
    made = Checkout(tmp_path / "repo", inside, "services/support").project().put(bot=BOT)
    (made.top / "assistants").mkdir()
    (made.top / "assistants" / "other.yaml").write_text(BOT, encoding="utf-8")
    made.commit()
    assert made.put(bot=BOT.replace("0.2", "0.4")).changes("HEAD") == {"bot": "update"}


def test_an_environment_is_compared_with_itself(checkout: Checkout) -> None:
    checkout.project(PROJECT + "environments: {dev: {}, prod: {defaults: {top_p: 0.5}}}\n").commit()
    checkout.project(PROJECT + "environments: {dev: {}, prod: {defaults: {top_p: 0.6}}}\n")
    assert checkout.diff("HEAD").code == 64
    assert checkout.changes("HEAD", "-e", "dev") == {"bot": "no-op"}
    assert checkout.changes("HEAD", "-e", "prod") == {"bot": "update"}


def test_prompts_and_fragments_are_compared_as_they_were(checkout: Checkout) -> None:
    files = {"prompt.md": "Be ${var.tone}.\n${file.rules.md}\n", "rules.md": "Old rule.\n"}
    for name, text in files.items():
        (checkout.path / "assistants" / name).write_text(text, encoding="utf-8")
    checkout.put(bot="instructions_file: prompt.md\n").commit()
    (checkout.path / "assistants" / "rules.md").write_text("New rule.\n", encoding="utf-8")
    (change,) = checkout.data("HEAD", "--var", "tone=kind")["assistctl"]["changes"]
    (field,) = change["fields"]
    assert (field["before"], field["after"]) == ("Be kind.\nOld rule.\n", "Be kind.\nNew rule.\n")


def test_no_program_that_the_repository_names_is_run(checkout: Checkout, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    spy = f"touch {ran}; cat"
    for name in (
        "filter.spy.smudge",
        "filter.spy.clean",
        "diff.spy.textconv",
        "core.fsmonitor",
        "core.pager",
    ):
        checkout.git("config", name, spy)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-checkout", "post-index-change", "reference-transaction"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {ran}\n", encoding="utf-8")
        (hooks / name).chmod(0o755)
    (checkout.path / ".gitattributes").write_text("* filter=spy diff=spy\n", encoding="utf-8")
    checkout.commit()
    checkout.git("config", "core.hooksPath", str(hooks))
    ran.unlink(missing_ok=True)
    assert checkout.put(bot=BOT.replace("0.2", "0.4")).changes("HEAD") == {"bot": "update"}
    assert not ran.exists()


def test_the_checkout_is_not_touched(checkout: Checkout) -> None:
    checkout.put(bot=BOT.replace("0.2", "0.4"), untracked=BOT)
    index = (checkout.top / ".git" / "index").read_bytes()
    before = sorted(path for path in checkout.top.rglob("*"))
    assert checkout.diff("HEAD").code == 0
    assert sorted(path for path in checkout.top.rglob("*")) == before
    assert (checkout.top / ".git" / "index").read_bytes() == index


def test_links_of_the_past_are_not_followed(checkout: Checkout, tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("The password is hunter2.\n", encoding="utf-8")
    place = checkout.path / "assistants"
    (place / "prompt.md").symlink_to(secret)
    (place / "inner").symlink_to(tmp_path)
    checkout.put(bot="instructions_file: prompt.md\n", two="instructions_file: inner/secret.md\n").commit()
    for name in ("prompt.md", "inner"):
        (place / name).unlink()
    ran = checkout.put(bot=BOT, two=BOT).diff("HEAD", "--full")
    assert ran.code == 0
    assert ran.err.count("AC003") == 2
    assert "hunter2" not in ran.out + ran.err


def test_what_is_no_file_of_a_sane_size_in_the_past_is_refused_as_on_the_disk(
    checkout: Checkout, tmp_path: Path
) -> None:
    place = checkout.path / "assistants"
    (place / "big.md").write_bytes(b"x" * (1 << 20) + b"y")
    (place / "folder").mkdir()
    (place / "folder" / "x.md").write_text("x", encoding="utf-8")
    named = {"a": "big.md", "b": "folder", "c": "nowhere.md", "d": "../../outside.md", "e": "sub"}
    checkout.put(**{key: f"instructions_file: {file}\n" for key, file in named.items()})
    commit = checkout.commit()
    checkout.git("update-index", "--add", "--cacheinfo", f"160000,{commit},assistants/sub")
    checkout.git("commit", "-q", "-m", "a submodule")
    on_disk = checkout._inside("-C", str(checkout.path), "validate").out
    assert checkout.put(**dict.fromkeys(named, BOT)).diff("HEAD").code == 0
    told = [line.removeprefix("HEAD:") for line in checkout.diff("HEAD").err.splitlines()]
    codes = {key: f"AC00{number}" for key, number in zip(named, (5, 4, 1, 2, 4), strict=True)}
    for key, code in codes.items():
        (line,) = (line for line in told if line.startswith(f"assistants/{key}.yaml:"))
        assert f" {code} " in line
        assert key == "e" or line in on_disk


def test_no_key_is_needed_and_a_project_that_names_an_origin_of_its_own_is_fine(checkout: Checkout) -> None:
    """What a fork's pull request brings may name any address: it is not asked."""
    own = "{name: own, extends: openai, base_url: 'https://evil.example'}"
    checkout.project(PROJECT.replace("provider: aimlapi", f"provider: {own}"))
    assert checkout.changes("HEAD") == {"bot": "no-op"}


def test_a_partial_clone_is_not_completed_over_the_network(
    checkout: Checkout, tmp_path: Path, inside: Inside
) -> None:
    checkout.git("config", "uploadpack.allowFilter", "true")
    origin = f"file://{checkout.top}"
    clone = Checkout(tmp_path / "clone", inside)
    clone.git("fetch", "-q", "--filter=blob:none", origin, "main")
    clone.git("config", "remote.origin.url", origin)
    clone.git("config", "remote.origin.promisor", "true")
    clone.git("config", "extensions.partialClone", "origin")
    ran = clone.project().put(bot=BOT).diff("FETCH_HEAD")
    assert ran.code == 0
    assert "git does not have its content" in ran.out
    missing = clone.git("rev-list", "--objects", "--missing=print", "FETCH_HEAD")
    assert missing.count("?") == 2


def test_variables_of_a_git_process_around_it_do_not_lead_elsewhere(
    checkout: Checkout, tmp_path: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Checkout(tmp_path / "other", inside).project().put(stranger=BOT)
    other.commit()
    monkeypatch.setenv("GIT_DIR", str(other.top / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.top / ".git" / "index"))
    assert checkout.changes("HEAD") == {"bot": "no-op"}


def test_a_pinned_owner_must_be_the_one_in_force(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTCTL_OWNER", "shop/prod")
    assert checkout.diff("HEAD").code == 64


def test_a_key_in_a_past_prompt_is_not_shown(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "sk-test-0123456789abcdef"
    checkout.put(bot=f"instructions: Log in with {key}.\n").commit()
    checkout.put(bot=BOT)
    assert key in checkout.diff("HEAD").out
    monkeypatch.setenv("AIMLAPI_API_KEY", key)
    ran = checkout.diff("HEAD", "--full")
    assert key not in ran.out + ran.err
    assert "compared with nothing: bot" in ran.out


def test_policies_judge_before_the_merge(checkout: Checkout) -> None:
    rule = "policies: {allowed_models: {level: deny, values: [gpt-4o-mini]}}\n"
    checkout.project(PROJECT + rule).put(bot="model: gpt-4o\n" + BOT)
    ran = checkout.diff("HEAD")
    assert (ran.code, "policy allowed_models: bot uses gpt-4o" in ran.out) == (0, True)


PAST: dict[str, str] = {
    "kept": BOT,
    "hot": BOT,
    "cold": BOT + "top_p: 1\n",
    "tagged": BOT + "metadata: {team: a, gone: x}\n",
    "armed": BOT + "tools: [{type: function, function: {name: f, parameters: {}}}, {type: file_search}]\n",
    "leaving": "instructions: This desk closes at noon.\n",
    "before": "instructions: Sort the post of the whole house.\n",
    "safe": "instructions: Stand guard.\nlifecycle: {prevent_destroy: true}\n",
    "staying": "instructions: Stay where you are.\nlifecycle: {on_remove: keep}\n",
    "blind": BOT + "lifecycle: {ignore_changes: [temperature]}\n",
}
NOW: dict[str, str] = {
    **PAST,
    "hot": BOT.replace("0.2", "0.9").replace("orders", "bills"),
    "cold": BOT.replace("temperature: 0.2\n", "temperature: null\n"),
    "tagged": BOT + "metadata: {team: b}\nname: Tagged\n",
    "armed": BOT
    + "tools: [{type: function, function: {name: f, description: d}}, {type: code_interpreter}]\n",
    "leaving": "",
    "before": "",
    "after": "aliases: [before]\ninstructions: Sort the post of the whole house.\n",
    "safe": "",
    "staying": "",
    "blind": (BOT + "lifecycle: {ignore_changes: [temperature]}\n").replace("0.2", "0.8"),
    "fresh": "instructions: Greet everybody by name.\n",
}


def test_a_plan_on_a_remote_that_holds_the_past_shows_the_same_changes(
    checkout: Checkout, inside: Inside
) -> None:
    def told(found: Any) -> list[Any]:
        return [
            (
                each["key"],
                each["action"],
                each["reason"],
                each.get("previous_key"),
                [(field["field"], field["after"], field["cause"]) for field in each["fields"]],
            )
            for each in found["assistctl"]["changes"]
        ]

    limits = "limits: {max_deletes: 100%}\n"
    checkout.project(PROJECT.replace("aimlapi", "local") + limits).put(bot="", **PAST).commit()
    assert inside("-C", str(checkout.path), "apply", "--auto-approve").code == 0
    checkout.put(**NOW)
    planned = json.loads(inside("-C", str(checkout.path), "plan", "--format", "json").out)
    compared = checkout.data("HEAD")
    assert len(told(planned)) == 11
    assert told(compared) == told(planned)
    ours = (planned["assistctl"], compared["assistctl"])
    assert ours[0]["summary"] == ours[1]["summary"]
    assert ours[0]["refusals"] == ours[1]["refusals"]


Maker = Callable[..., Checkout]


def test_a_thousand_files_are_read_by_one_process(checkout: Checkout, tmp_path: Path) -> None:
    """One git process hands out all contents: a process a file would take many seconds."""
    counter = tmp_path / "bin"
    counter.mkdir()
    real = shutil.which("git")
    (counter / "git").write_text(
        f'#!/bin/sh\necho run >> {tmp_path}/runs\nexec {real} "$@"\n', encoding="utf-8"
    )
    (counter / "git").chmod(0o755)
    for number in range(200):
        (checkout.path / "assistants" / f"p{number}.md").write_text(f"Prompt {number}.\n", encoding="utf-8")
        checkout.put(**{f"b{number}": f"instructions_file: p{number}.md\n"})
    checkout.commit()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{counter}{os.pathsep}{os.environ['PATH']}")
        assert len(checkout.changes("HEAD")) == 201
    assert len((tmp_path / "runs").read_text(encoding="utf-8").split()) == 5
