"""What the PLC owes us a read of."""

from inspector.plc.unread import Standing, Unread
from inspector.plc.words import Kind, Word

SLOTS = ("board", "Verdict.Slot")
BEAT = ("board", "Link.GatewayHeartbeat")


def word(value: int) -> Word:
    return Word("board", Kind.VERDICT, "Verdict.Slot[1]", value)


def test_a_word_waits_until_its_very_value_was_read() -> None:
    unread = Unread()
    unread.add(SLOTS, 1, Standing(7, 1.0, word(7)))
    assert unread.take_read(SLOTS, [0, 6]) == []
    assert unread.take_read(BEAT, [7]) == []
    assert unread.take_read(SLOTS, [0, 7]) == [word(7)]
    assert unread.take_read(SLOTS, [0, 7]) == []


def test_a_word_that_was_replaced_is_never_acknowledged() -> None:
    unread = Unread()
    unread.add(SLOTS, 1, Standing(7, 1.0, word(7)))
    unread.add(SLOTS, 1, Standing(8, 2.0, word(8)))
    assert unread.take_read(SLOTS, [0, 7]) == []
    assert unread.take_read(SLOTS, [0, 8]) == [word(8)]


def test_the_oldest_debt_is_named_however_often_the_value_changes() -> None:
    unread = Unread()
    assert unread.oldest() is None
    unread.add(BEAT, 0, Standing(1, 1.0))
    unread.add(SLOTS, 1, Standing(7, 1.5, word(7)))
    unread.add(BEAT, 0, Standing(2, 2.0))
    assert unread.oldest() == (BEAT, 1.0)
    assert unread.take_read(BEAT, [2]) == []
    assert unread.oldest() == (SLOTS, 1.5)
    unread.forget(SLOTS)
    assert unread.oldest() is None
