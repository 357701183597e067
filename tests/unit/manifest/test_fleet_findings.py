from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistctl.errors import InvalidInput
from assistctl.manifest.fleet import (
    Fleet,
    Inputs,
    all_origins,
    check_project,
    count_files,
    origins,
    provenance,
    read_fleet,
)
from assistctl.manifest.project import read_project
from assistctl.manifest.settings import ProjectFile
from assistctl.model.diagnostic import Severity

MakeFleet = Callable[..., Fleet]
MakeProject = Callable[..., ProjectFile]
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
_TODAY = Inputs(today="2026-11-22")


def _lines(fleet: Fleet) -> list[str]:
    return [f"{d.file}:{d.line}:{d.column} {d.code}" for d in fleet.diagnostics]


def test_a_live_key_is_found_wherever_it_would_be_sent(make_fleet: MakeFleet) -> None:
    key = 'live"key-12345'
    files = {
        "assistants/a.yaml": f"model: gpt-4o\nname: 'x {key}'\n",
        "assistants/b.yaml": f"model: gpt-4o\nmetadata:\n  '{key}': x\n",
        "assistants/c.yaml": "model: gpt-4o\ninstructions_file: p.md\n",
        "assistants/p.md": f"one\n{key}",
        "assistants/d.yaml": "model: gpt-4o\ntools:\n"
        f"  - {{type: function, function: {{name: f, parameters: {{default: '{key}'}}}}}}\n",
        "assistants/e.yaml": "model: gpt-4o\ndescription: ${env.TOKEN}\n",
        "assistants/f.yaml": f"# {key}\nmodel: gpt-4o\n",
    }
    inputs = Inputs(secrets=(key, "short"), allowed_env=frozenset({"TOKEN"}), environ={"TOKEN": key})
    fleet = make_fleet(files, None, inputs)
    assert _lines(fleet) == [
        "assistants/a.yaml:2:7 AC404",
        "assistants/b.yaml:3:3 AC404",
        "assistants/c.yaml:2:20 AC404",
        "assistants/d.yaml:3:64 AC404",
        "assistants/e.yaml:2:14 AC404",
    ]
    assert [each.key for each in fleet.desired] == ["f"]
    assert key not in repr(fleet.diagnostics)


def test_a_lone_surrogate_from_json_is_refused(make_fleet: MakeFleet) -> None:
    files = {
        "assistants/f.json": '{"name": "f",\n "description": "\\ud83d\\ude00 \\ud83d"}',
        "assistants/a.yaml": "model: gpt-4o\ntools: [{type: function, function_file: f.json}]\n",
    }
    assert _lines(make_fleet(files)) == ["assistants/f.json:2:17 AC405"]


def test_what_is_written_below_an_escaped_surrogate_is_still_found(make_fleet: MakeFleet) -> None:
    files = {
        "assistants/f.json": '{"name": "f",\n "description": "\\ud83d\\ude00",\n "unknown": 1}',
        "assistants/a.yaml": "model: gpt-4o\ntools: [{type: function, function_file: f.json}]\n",
    }
    assert _lines(make_fleet(files)) == ["assistants/f.json:3:2 AC101"]


def test_links_among_the_manifests_are_reported_and_not_followed(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    (tmp_path / "assistants").mkdir()
    (tmp_path / "secret.yaml").write_text("model: gpt-4o\nname: secret\n")
    (tmp_path / "assistants" / "a.yaml").symlink_to(tmp_path / "secret.yaml")
    (tmp_path / "assistants" / "folder").symlink_to(tmp_path)
    (tmp_path / "assistants" / "notes.txt").symlink_to(tmp_path / "secret.yaml")
    fleet = make_fleet({})
    assert [d.code for d in fleet.diagnostics] == ["AC003", "AC003"]
    assert fleet.desired == ()


def test_a_prompt_behind_a_link_or_too_large_is_refused(make_fleet: MakeFleet, tmp_path: Path) -> None:
    (tmp_path / "link.md").symlink_to("/etc/hostname")
    files = {
        "big.md": "x" * (2 << 20),
        "assistants/a.yaml": "model: gpt-4o\ninstructions_file: ../link.md\n",
        "assistants/b.yaml": "model: gpt-4o\ninstructions_file: ../big.md\n",
    }
    assert _lines(make_fleet(files)) == ["assistants/a.yaml:2:20 AC003", "assistants/b.yaml:2:20 AC005"]


def test_a_long_prompt_is_measured_after_it_is_put_together(make_fleet: MakeFleet) -> None:
    files = {
        "assistants/p.md": "é" * 256_000,
        "assistants/a.yaml": "model: gpt-4o\ninstructions_file: p.md\n",
        "assistants/b.yaml": "model: gpt-4o\ninstructions_file: [p.md, p.md]\n",
    }
    assert _lines(make_fleet(files)) == ["assistants/b.yaml:2:20 AC104"]


def test_a_notice_names_each_model_once(make_fleet: MakeFleet) -> None:
    files = {f"assistants/{name}.yaml": "model: gpt-4o\n" for name in "abc"}
    files |= {"assistants/d.yaml": "model: o1\n", "assistants/e.yaml": "model: gpt-4o-2024-11-20\n"}
    fleet = make_fleet(files, None, _TODAY)
    assert [(d.file, d.code, d.severity) for d in fleet.diagnostics] == [
        ("assistants/a.yaml", "AC801", Severity.NOTICE),
        ("assistants/d.yaml", "AC801", Severity.NOTICE),
    ]
    assert "in 53 days" in fleet.diagnostics[0].message
    assert "was shut down upstream on 2026-10-23" in fleet.diagnostics[1].message


def test_ninety_days_before_the_day_notices_begin(make_fleet: MakeFleet) -> None:
    files = {"assistants/a.yaml": "model: gpt-4o\n"}
    assert make_fleet(files, None, Inputs(today="2026-10-15")).diagnostics == ()
    assert len(make_fleet(files, None, Inputs(today="2026-10-16")).diagnostics) == 1


def test_allow_silences_a_warning_here_and_nowhere_else(make_fleet: MakeFleet) -> None:
    files = {
        "assistants/a.yaml": "model: nonsense-1\nallow: [AC706]\n",
        "assistants/b.yaml": "model: nonsense-1\n",
    }
    assert _lines(make_fleet(files)) == ["assistants/b.yaml:1:8 AC706"]


def test_names_of_deployments_are_never_looked_up(make_fleet: MakeFleet) -> None:
    files = {"assistants/a.yaml": "model: gpt-4oo\nreasoning_effort: low\n"}
    assert make_fleet(files, None, Inputs(models="deployment", today="2026-11-22")).diagnostics == ()


def test_models_of_other_vendors_are_unknown_only_where_the_list_is_closed(make_fleet: MakeFleet) -> None:
    files = {"assistants/a.yaml": "model: qwen-max\n", "assistants/b.yaml": "model: azure/mine\n"}
    assert make_fleet(files, None, Inputs(models="free")).diagnostics == ()
    assert [d.code for d in make_fleet(files, None, Inputs(models="enum")).diagnostics] == ["AC706", "AC706"]


def test_an_alias_is_the_same_model(make_fleet: MakeFleet) -> None:
    files = {"assistants/a.yaml": "model: openai/gpt-4o\nreasoning_effort: low\n"}
    assert [d.code for d in make_fleet(files).diagnostics] == ["AC704"]


def test_sampling_at_the_default_is_fine_where_only_the_default_is(make_fleet: MakeFleet) -> None:
    files = {
        "assistants/a.yaml": "model: gpt-5\ntemperature: 1\nreasoning_effort: low\n",
        "assistants/b.yaml": "model: gpt-5\ntop_p: 0.5\n",
        "assistants/c.yaml": "model: o3\ntemperature: null\n",
    }
    assert _lines(make_fleet(files)) == ["assistants/b.yaml:2:1 AC705"]


def test_a_broken_manifest_leaves_the_others_in_the_fleet(make_fleet: MakeFleet) -> None:
    files = {"assistants/a.yaml": "model: [\n", "assistants/b.yaml": "model: gpt-4o\n"}
    fleet = make_fleet(files)
    assert [d.key for d in fleet.desired] == ["b"]
    assert _lines(fleet) == ["assistants/a.yaml:2:1 AC008"]


def test_a_finding_in_defaults_points_at_the_project_file(make_fleet: MakeFleet) -> None:
    files = {
        "assistctl.yaml": "project: acme\nprovider: local\ndefaults:\n  name: ${var.nope}\n  model: gpt-4o\n",
        "assistants/a.yaml": "temperature: 1\n",
        "assistants/b.yaml": "temperature: 1\n",
    }
    assert _lines(make_fleet(files)) == ["assistctl.yaml:4:9 AC301"]


def test_what_holds_in_some_environments_says_in_which(make_project: MakeProject) -> None:
    project = make_project(
        {
            "assistctl.yaml": "project: acme\nenvironments: {dev: {vars: {x: a}}, test: {}, prod: {}}\n",
            "assistants/a.yaml": "model: gpt-4o\nname: ${var.x}\ndescription: ${var.y}\n",
        }
    )
    found = check_project(project, project.names, lambda _: _TODAY)
    assert [(d.line, d.code, d.message.rpartition(" (in ")[2]) for d in found] == [
        (1, "AC801", "model 'gpt-4o' shuts down upstream on 2027-01-14, in 53 days (data of 2026-11-22)"),
        (2, "AC301", "test, prod)"),
        (3, "AC301", "undefined variable 'y'"),
    ]


def test_the_inputs_of_each_environment_are_its_own(make_project: MakeProject) -> None:
    project = make_project(
        {
            "assistctl.yaml": "project: acme\nenvironments: {dev: {}, prod: {}}\n",
            "assistants/a.yaml": "model: gpt-4o\ntools: [{type: openapi}]\n",
        }
    )
    inputs = {"dev": Inputs(extra_tools=frozenset({"openapi"})), "prod": Inputs()}
    (found,) = check_project(project, project.names, inputs.__getitem__)
    assert found.message.endswith("(in prod)")


def test_every_field_can_be_traced_to_its_file_and_line(make_project: MakeProject) -> None:
    project = make_project(
        {
            "assistctl.yaml": "project: acme\ndefaults:\n  model: gpt-4o\n  metadata: {team: x}\n",
            "assistants/_b.yaml": "# base\ntemperature: 1\n",
            "assistants/f.json": '{"name": "f"}',
            "assistants/p.md": "prompt",
            "assistants/a.yaml": "extends: _b.yaml\ninstructions_file: [p.md, p.md]\nmetadata:\n  own: y\n"
            "tools:\n  - {type: function, function_file: f.json}\n",
        }
    )
    assert origins(project, "default", Inputs(), "a") == {
        "name": "assistants/a.yaml:1",
        "model": "assistctl.yaml:3",
        "temperature": "assistants/_b.yaml:2",
        "instructions": "assistants/p.md:1, assistants/p.md:1",
        "tools": "assistants/a.yaml:5, assistants/f.json:1",
        "metadata.team": "assistctl.yaml:4",
        "metadata.own": "assistants/a.yaml:4",
    }
    assert origins(project, "default", Inputs(), "nobody") == {}
    assert set(all_origins(project, "default", Inputs(), ["a", "b"])) == {"a"}
    (place,) = provenance(project, "default", Inputs(), ["a"])["a"]["metadata.own"]
    assert (place.file, place.document, place.path) == ("assistants/a.yaml", 0, ("metadata", "own"))
    assert count_files(project) == 1


@settings(max_examples=150, suppress_health_check=QUIET, deadline=None)
@given(data=st.binary(max_size=120))
def test_any_bytes_as_a_manifest_never_raise(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "assistants").mkdir(exist_ok=True)
    (tmp_path / "assistctl.yaml").write_text("project: acme\n")
    (tmp_path / "assistants" / "a.yaml").write_bytes(data)
    fleet = read_fleet(read_project(tmp_path / "assistctl.yaml"), "default", Inputs())
    assert fleet.diagnostics or fleet.desired


_KEYS = [
    *("key", "name", "description", "model", "instructions", "instructions_file", "tools"),
    *("tool_resources", "metadata", "temperature", "top_p", "response_format"),
    *("reasoning_effort", "id", "aliases", "only", "extends", "environments", "allow"),
    *("lifecycle", "type", "function", "function_file", "file_search", "nonsense"),
]
_WORDS = ["", "x", "default", "${var.q}", "function", "a.yaml"]
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(_WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=300, suppress_health_check=QUIET, deadline=None)
@given(value=st.dictionaries(st.sampled_from(_KEYS), _VALUES, min_size=1, max_size=5))
def test_any_shape_of_a_manifest_never_raises(value: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "assistants").mkdir(exist_ok=True)
    (tmp_path / "assistctl.yaml").write_text("project: acme\n")
    (tmp_path / "assistants" / "a.yaml").write_text(json.dumps(value))
    fleet = read_fleet(read_project(tmp_path / "assistctl.yaml"), "default", Inputs())
    errors = [d for d in fleet.diagnostics if d.severity is Severity.ERROR]
    assert bool(errors) != bool(fleet.desired) or value.get("only")


@pytest.mark.parametrize("wrong", [[], {}, 1, None, True])
def test_a_tool_type_of_the_wrong_shape_is_a_finding(tmp_path: Path, wrong: object) -> None:
    (tmp_path / "assistants").mkdir()
    (tmp_path / "assistctl.yaml").write_text("project: acme\n")
    manifest = {"model": "gpt-4o", "instructions": "Hi.", "tools": [{"type": wrong}]}
    (tmp_path / "assistants" / "a.yaml").write_text(json.dumps(manifest))
    fleet = read_fleet(read_project(tmp_path / "assistctl.yaml"), "default", Inputs())
    assert not fleet.desired
    assert [found.column for found in fleet.diagnostics if found.severity is Severity.ERROR]


_PROJECT_KEYS = ["provider", "manifests", "defaults", "vars", "environments", "limits", "policies", "x"]


@settings(max_examples=150, suppress_health_check=QUIET, deadline=None)
@given(
    value=st.dictionaries(
        st.sampled_from(
            [
                "project",
                "provider",
                "manifests",
                "defaults",
                "vars",
                "environments",
                "limits",
                "policies",
                "x",
            ]
        ),
        _VALUES,
        max_size=5,
    )
)
def test_any_shape_of_a_project_file_is_invalid_input_at_worst(
    value: dict[str, object], tmp_path: Path
) -> None:
    (tmp_path / "assistctl.yaml").write_text(json.dumps({"project": "acme", **value}))
    with suppress(InvalidInput):
        project = read_project(tmp_path / "assistctl.yaml")
        check_project(project, project.names, lambda _: Inputs())


@pytest.mark.parametrize("count", [1, 3])
def test_reading_twice_gives_the_same(make_project: MakeProject, count: int) -> None:
    project = make_project({f"assistants/{i}x.yaml": "model: gpt-4o\ntemperature: 3\n" for i in range(count)})
    assert read_fleet(project, "default", _TODAY) == read_fleet(project, "default", _TODAY)
