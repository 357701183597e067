"""Two texts beside each other, with the words that differ."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistctl.render.elided import LONG, elided
from assistctl.render.line_diff import line_diff
from assistctl.render.side_by_side import Row, Side, split_hunks
from assistctl.render.word_diff import Pieces, paired, word_marks

LINES = st.lists(st.sampled_from(["a b c", "a b d", "x", "", "a b c d e f", "one two", "one 2"]), max_size=9)


def rows_of(before: str, after: str) -> list[Row]:
    return [row for hunk in split_hunks(line_diff(before, after).lines) for row in hunk.rows]


def text_of(pieces: Pieces) -> str:
    return "".join(piece.text for piece in pieces)


def changed_words(pieces: Pieces) -> list[str]:
    return [piece.text for piece in pieces if piece.changed]


def test_only_the_words_that_differ_are_marked() -> None:
    marks = word_marks("- Be brief.", "- Be brief and polite.", 1_000)
    assert changed_words(marks.before) == []
    assert changed_words(marks.after) == [" and polite"]


def test_beyond_its_budget_the_middle_is_marked_as_a_whole() -> None:
    marks = word_marks("start a b c end", "start c b a end", 3)
    assert changed_words(marks.before) == ["a b c"]
    assert changed_words(marks.after) == ["c b a"]
    assert marks.cost == 0


@given(st.text("ab .\n", max_size=30), st.text("ab .\n", max_size=30), st.integers(0, 200))
def test_marked_pieces_put_together_are_the_line(before: str, after: str, budget: int) -> None:
    marks = word_marks(before, after, budget)
    assert text_of(marks.before) == before
    assert text_of(marks.after) == after
    assert marks.cost <= budget


def test_an_added_line_does_not_shift_the_pairs_below_it() -> None:
    removed = ["- Be brief.", "- Never lie to a customer."]
    added = ["- Something new.", "- Be brief and polite.", "- Never lie to any customer."]
    assert paired(removed, added) == [(None, added[0]), (removed[0], added[1]), (removed[1], added[2])]


def test_lines_without_anything_in_common_are_no_pair() -> None:
    assert paired(["completely different"], ["42"]) == [("completely different", None), (None, "42")]


def test_a_block_too_large_to_compare_is_paired_in_order() -> None:
    removed, added = [f"{i} x" * 300 for i in range(60)], [f"y {i}" * 300 for i in range(61)]
    assert paired(removed, added)[:2] == [(removed[0], added[0]), (removed[1], added[1])]


@given(LINES, LINES)
def test_pairing_keeps_every_line_in_order(removed: list[str], added: list[str]) -> None:
    pairs = paired(removed, added)
    assert [before for before, _ in pairs if before is not None] == removed
    assert [after for _, after in pairs if after is not None] == added


@given(LINES, LINES, st.booleans(), st.booleans())
def test_both_columns_hold_the_lines_with_their_own_numbers(
    old: list[str], new: list[str], old_ends: bool, new_ends: bool
) -> None:
    before = "\n".join(old) + ("\n" if old and old_ends else "")
    after = "\n".join(new) + ("\n" if new and new_ends else "")
    for row in rows_of(before, after):
        for side, text in ((row.before, before), (row.after, after)):
            if side is not None:
                assert side.number is not None
                assert text.split("\n")[side.number - 1] == text_of(side.pieces)


def test_a_lost_last_line_end_is_told_beside_the_line() -> None:
    (row,) = rows_of("a\n", "a")
    assert row.before is not None
    assert row.after is not None
    assert (row.before.ended, row.after.ended) == (True, False)


def test_a_hunk_that_stands_in_many_prompts_has_no_line_numbers() -> None:
    lines = line_diff("# T\na\n", "# T\nb\n").lines
    anywhere = [type(lines[0])("@@", "… @@ # T"), *lines[1:]]
    (hunk,) = split_hunks(anywhere)
    assert hunk.heading == "# T"
    sides = [side for row in hunk.rows for side in (row.before, row.after) if side]
    assert {side.number for side in sides} == {None}
    assert isinstance(sides[0], Side)


def test_a_change_in_a_very_long_line_stays_in_sight() -> None:
    before, after = "a" * 5_000 + "old" + "b" * 5_000, "a" * 5_000 + "new" + "b" * 5_000
    shown = list(elided([("-", before), ("+", after)]))
    assert [mark for mark, _ in shown] == ["-", "+"]
    assert all(len(text) < LONG for _, text in shown)
    assert "old" in shown[0][1]
    assert "new" in shown[1][1]
    assert "4,880 equal characters" in shown[0][1]


def test_long_lines_that_only_come_or_go_stay_whole() -> None:
    lines = [("+", "x" * 2_000), (" ", "y" * 2_000)]
    assert list(elided(lines)) == lines
