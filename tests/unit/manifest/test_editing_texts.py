"""A changed text goes back into the pieces that it was put together from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistctl.manifest.editing.hunks import hunks
from assistctl.manifest.editing.merge import Clash, merge_texts, merge_values
from assistctl.manifest.editing.pieces import Assembly, Composition, Origin
from assistctl.manifest.editing.rewrite import Rewrite, rewrite
from assistctl.manifest.editing.source import CannotEdit
from assistctl.manifest.editing.wishes import Wish, wishes
from assistctl.manifest.findings import PLAIN_TEXT, Place
from assistctl.manifest.interpolate import Names, expand
from assistctl.model.plan import ABSENT

FILES = {
    "a.md": "Hello ${var.company}!\nSee ${file.b.md} now.\n\n## Tone\n- x\n",
    "b.md": "fragment $${var.z} line\nsecond\n",
    "c.md": "third ${file.b.md}\n\n",
    "d.md": "",
}
NAMES = Names(read_text=FILES.__getitem__, variables={"company": "Acme", "odd": "$"})


def of(*files: str, joined: bool = False) -> Composition:
    return Composition(tuple(Origin(Place(file, PLAIN_TEXT), FILES[file]) for file in files), joined)


def text_of(composition: Composition) -> str:
    return Assembly(composition, NAMES).text


def edit(
    composition: Composition, old: str, new: str, count: int = -1
) -> tuple[dict[str, str], tuple[str, ...]]:
    found: Rewrite = rewrite(composition, NAMES, text_of(composition).replace(old, new, count))
    return {place.file: source for place, source in found.sources.items()}, found.lost


def test_an_assembly_reads_what_the_program_sends():
    problems: list[str] = []
    for file, source in FILES.items():
        sent = expand(source, file, NAMES, lambda *words: problems.append(words[0]))
        assert text_of(of(file)) == sent
    assert problems == []


def test_an_edit_in_a_file_stays_in_that_file():
    assert edit(of("a.md"), "Hello", "Hi") == ({"a.md": FILES["a.md"].replace("Hello", "Hi")}, ())


def test_an_edit_in_an_included_file_goes_there_and_is_escaped():
    made, lost = edit(of("a.md"), "second", "2nd ${var.company} $${file.x}")
    assert made == {"b.md": "fragment $${var.z} line\n2nd $${var.company} $$${file.x}\n"}
    assert lost == ()


def test_a_changed_substitution_becomes_literal_text():
    made, lost = edit(of("a.md"), "Acme", "Umbrella")
    assert made == {"a.md": FILES["a.md"].replace("${var.company}", "Umbrella")}
    assert lost == ("${var.company}",)


def test_an_edit_beside_a_substitution_leaves_it():
    assert edit(of("a.md"), "Acme!", "Acme, dear!") == ({"a.md": FILES["a.md"].replace("}!", "}, dear!")}, ())


def test_a_text_that_is_emptied_does_not_empty_the_files_it_includes():
    made, lost = edit(of("a.md"), text_of(of("a.md")), "")
    assert made == {"a.md": ""}
    assert set(lost) == {"${var.company}", "${file.b.md}"}


def test_text_at_a_joint_goes_to_the_file_that_ends_there():
    assert edit(of("a.md", "c.md", joined=True), "- x", "- x\n- y") == (
        {"a.md": FILES["a.md"].replace("- x", "- x\n- y")},
        (),
    )


def test_hidden_line_ends_between_files_stay():
    made, _ = edit(of("c.md", "a.md", joined=True), "third", "3rd")
    assert made == {"c.md": FILES["c.md"].replace("third", "3rd")}


def test_an_edit_of_one_of_two_uses_moves_the_text_out_of_the_shared_file():
    made, lost = edit(of("a.md", "c.md", joined=True), "second", "2nd", 1)
    assert made == {"a.md": FILES["a.md"].replace("${file.b.md}", "fragment $${var.z} line\n2nd")}
    assert lost == ("${file.b.md}",)


def test_the_same_edit_of_both_uses_goes_to_the_shared_file():
    assert edit(of("a.md", "c.md", joined=True), "second", "2nd")[0] == {
        "b.md": "fragment $${var.z} line\n2nd\n"
    }


def test_a_joint_that_is_gone_is_refused():
    with pytest.raises(CannotEdit):
        edit(of("a.md", "c.md", joined=True), "- x\n\nthird", "- xthird")


def test_a_reference_behind_a_new_dollar_sign_is_never_expanded_differently():
    composition = Composition((Origin(Place("m.yaml", 0, ("instructions",)), "a ${var.company}"),))
    found = rewrite(composition, NAMES, "a $Acme")
    assert [*found.sources.values()] == ["a $Acme"]


LINES = st.lists(
    st.sampled_from(
        ["Hello Acme!", "second", "", "## Tone", "- x", "${var.company}", "$${file.b.md}", "$", "é 😀"]
    )
).map("\n".join)


@given(text=LINES | st.text(max_size=40), files=st.sampled_from([("a.md",), ("c.md",), ("d.md",)]))
def test_one_file_can_always_say_the_text_of_the_remote(text, files):
    composition = of(*files)
    found = rewrite(composition, NAMES, text)
    merged = {**FILES, **{place.file: source for place, source in found.sources.items()}}
    problems: list[str] = []
    names = Names(merged.__getitem__, NAMES.variables)
    assert expand(merged[files[0]], files[0], names, lambda *words: problems.append(words[0])) == text
    assert problems == []


@given(
    cut=st.integers(0, 90), length=st.integers(0, 30), new=st.sampled_from(["", "new", "a\nb", "${var.x}"])
)
def test_an_edit_of_a_list_of_files_is_right_or_refused(cut, length, new):
    composition = of("a.md", "c.md", joined=True)
    before = text_of(composition)
    wanted = before[:cut] + new + before[cut + length :]
    try:
        found = rewrite(composition, NAMES, wanted)
    except CannotEdit:
        return
    sources = {**FILES, **{place.file: source for place, source in found.sources.items()}}
    names = Names(sources.__getitem__, NAMES.variables)
    parts = [
        expand(sources[file], file, names, lambda *words: pytest.fail(words[1])) for file in ("a.md", "c.md")
    ]
    assert "\n\n".join(part.rstrip("\r\n") for part in parts) == wanted


@given(old=LINES, new=LINES)
def test_hunks_turn_the_old_text_into_the_new_one(old, new):
    text = old
    for hunk in reversed(hunks(old, new)):
        text = text[: hunk.start] + hunk.text + text[hunk.end :]
    assert text == new


def test_changes_of_both_sides_are_merged_where_they_are_apart():
    base = "1\n2\n3\n4\n5\n"
    assert merge_texts(base, base.replace("1", "one"), base.replace("5", "five")) == "one\n2\n3\n4\nfive\n"
    assert merge_texts(base, base.replace("2", "two"), base.replace("2", "two")) == base.replace("2", "two")
    assert merge_texts(base, "0\n" + base, base + "6") == "0\n" + base + "6"


@pytest.mark.parametrize("theirs", ["1\nzwei\n3\n", "1\n3\n", "1\n2\ndrei\n"])
def test_changes_that_touch_clash(theirs):
    with pytest.raises(Clash):
        merge_texts("1\n2\n3\n", "1\ntwo\n3\n", theirs)


@given(base=LINES, ours=LINES)
def test_a_side_that_did_not_change_gives_way(base, ours):
    assert merge_texts(base, ours, base) == ours
    assert merge_texts(base, base, ours) == ours


@given(base=LINES, ours=LINES, theirs=LINES)
def test_merging_does_not_depend_on_whose_side_is_whose(base, ours, theirs):
    try:
        merged = merge_texts(base, ours, theirs)
    except Clash:
        with pytest.raises(Clash):
            merge_texts(base, theirs, ours)
    else:
        assert merge_texts(base, theirs, ours) == merged


def test_maps_are_merged_key_by_key():
    base = {"a": 1, "b": {"c": 1, "d": 2}, "gone": 0}
    assert merge_values(base, {**base, "a": 2}, {"a": 1, "b": {"c": 1, "d": 3}}) == {
        "a": 2,
        "b": {"c": 1, "d": 3},
    }
    with pytest.raises(Clash):
        merge_values(base, {**base, "gone": 1}, {"a": 1, "b": base["b"]})


def test_wishes_name_the_smallest_members_that_differ():
    old = {"a": 1, "b": {"c": [1, 2, 3], "d": "x"}, "e": 1}
    new = {"a": 1, "b": {"c": [1, 3, 4], "d": "y"}, "f": True}
    assert [*wishes(old, new)] == [
        Wish(("b", "c", 3), ABSENT, 4),
        Wish(("b", "c", 1), 2, ABSENT),
        Wish(("b", "d"), "x", "y"),
        Wish(("e",), 1, ABSENT),
        Wish(("f",), ABSENT, True),
    ]


def test_a_boolean_is_not_a_number():
    assert [*wishes({"strict": 1}, {"strict": True})] == [Wish(("strict",), 1, True)]
