"""The order in which words go."""

from inspector.plc.words import Kind, WaitingBeats, WaitingWords, Word


def word(kind: Kind, node: str, value: int, station: str = "board") -> Word:
    return Word(station, kind, node, value, token=(node, value))


def all_of(words: WaitingWords, most: int = 16) -> list[list[int]]:
    taken = []
    while more := words.take(most):
        taken.append([one.value for one in more])
    return taken


def test_the_epoch_goes_first_then_operators_then_verdicts_then_requests() -> None:
    words = WaitingWords()
    words.put(word(Kind.SYNC, "Sync.top.Request", 4))
    words.put(word(Kind.VERDICT, "Verdict.Slot[1]", 3))
    words.put(word(Kind.OPERATOR, "Operator.Slot[1]", 2))
    words.put(word(Kind.EPOCH, "Link.GatewayEpoch", 1))
    assert all_of(words) == [[1], [2], [3], [4]]


def test_words_of_one_kind_go_in_the_order_they_came_some_at_a_time() -> None:
    words = WaitingWords()
    for slot in range(5):
        words.put(word(Kind.VERDICT, f"Verdict.Slot[{slot}]", slot))
    assert all_of(words, most=2) == [[0, 1], [2, 3], [4]]


def test_a_newer_word_takes_the_place_of_an_unsent_one() -> None:
    words = WaitingWords()
    words.put(word(Kind.VERDICT, "Verdict.Slot[1]", 10))
    words.put(word(Kind.VERDICT, "Verdict.Slot[2]", 20))
    words.put(word(Kind.VERDICT, "Verdict.Slot[1]", 11))
    words.put(word(Kind.VERDICT, "Verdict.Slot[1]", 12, station="ring"))
    words.put(word(Kind.OPERATOR, "Operator.Slot[1]", 13))
    assert len(words) == 4
    assert all_of(words) == [[13], [11, 20, 12]]


def test_a_refused_word_does_not_push_out_a_newer_one() -> None:
    words = WaitingWords()
    words.put(word(Kind.VERDICT, "Verdict.Slot[1]", 10))
    (sent,) = words.take(16)
    words.put(word(Kind.VERDICT, "Verdict.Slot[1]", 11))
    words.put_back(sent)
    assert all_of(words) == [[11]]
    words.put_back(sent)
    assert all_of(words) == [[10]]


def test_nothing_is_left_after_clear() -> None:
    words = WaitingWords()
    words.put(word(Kind.EPOCH, "Link.GatewayEpoch", 1))
    assert words.has_epoch("board")
    assert not words.has_epoch("ring")
    words.clear()
    assert not words.has_epoch("board")
    assert not words.take(16)


def test_a_beat_waits_for_its_stations_epoch() -> None:
    beats = WaitingBeats()
    beats.hold("board")
    beats.put("board", 1)
    beats.put("board", 2)
    beats.put("ring", 7)
    assert beats.take() == [("ring", 7)]
    assert beats.take() == []
    beats.release("board")
    assert beats.take() == [("board", 2)]
    beats.put("board", 3)
    beats.clear()
    assert beats.take() == []
