"""Signed notes and checkpoints, with the examples of the standard and of its first user."""

from __future__ import annotations

import pytest

from inspector.audit.checkpoint import Checkpoint, opened_checkpoint
from inspector.audit.note import Signer, Verifier, opened, signed
from inspector.errors import BadInput

# From the tests of Go's own implementation, which the standard was written after.
PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
NOTE = (
    f"{TEXT}\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

# A real checkpoint of Go's checksum database, with a second signature that nobody here knows.
SUM_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
SUM_NOTE = (
    "go.sum database tree\n15067302\ngJyioq6dwR9n+NjEWORfYmH+ubeYm3kH42BBQ0bTpYI=\n\n"
    "— sum.golang.org "
    "Az3grp1rvWOs5NKlr/xR4GLN/CDyzzakmt1o61uSxYKpK1SerqOP2ClbX/peKUZjYnyomH5Xz7GZG3TpB7OeKn4E2ww=\n"
    "— test.example.com "
    "qTGhC/xIPQ0AXKHK6Y+9ypRfuvMZWPjRXM8NiOg5M1WREn07VQXyuIXM3NRNav3ieVFLUqDRK77PWDmL6w8w84UqeAw=\n"
)

# The example of c2sp.org/tlog-checkpoint.
EXAMPLE = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

OURS = Signer("inspector/1", b"1" * 32)
OTHER = Signer("inspector/1", b"2" * 32)


def test_the_known_key_gives_the_known_note_to_the_byte() -> None:
    signer = Signer.from_text(PRIVATE)
    assert signer.verifier.text == PUBLIC
    assert signer.text == PRIVATE
    assert signed(TEXT, [signer]) == NOTE


def test_the_known_note_opens_with_the_known_key() -> None:
    assert opened(NOTE, Verifier.from_text(PUBLIC)) == TEXT


def test_a_checkpoint_of_a_running_log_opens_and_unknown_signatures_are_not_read() -> None:
    found = Checkpoint.from_text(opened(SUM_NOTE, Verifier.from_text(SUM_KEY)))
    assert (found.origin, found.size) == ("go.sum database tree", 15067302)


def test_the_standards_example_is_read_and_written_alike() -> None:
    found = Checkpoint.from_text(EXAMPLE)
    assert (found.origin, found.size) == ("example.com/behind-the-sofa", 20852163)
    assert found.text == EXAMPLE


@pytest.mark.parametrize("place", range(0, len(NOTE) - 1, 3))
def test_a_changed_letter_anywhere_is_found(place: int) -> None:
    other = "x" if NOTE[place] != "x" else "y"
    with pytest.raises(BadInput):
        opened(NOTE[:place] + other + NOTE[place + 1 :], Verifier.from_text(PUBLIC))


@pytest.mark.parametrize(
    "note",
    ["", "\n", TEXT, NOTE[:-1], NOTE.replace("\n\n", "\n"), NOTE.replace("—", "-"), NOTE + "x\n"],
    ids=["nothing", "an empty line", "no signature", "cut", "no blank line", "hyphen", "more"],
)
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(BadInput):
        opened(note, Verifier.from_text(PUBLIC))


def test_a_note_with_control_characters_is_refused() -> None:
    with pytest.raises(BadInput, match="control"):
        opened(signed("a\tb\n", [OURS]), OURS.verifier)


def test_another_key_of_the_same_name_does_not_open_it() -> None:
    with pytest.raises(BadInput, match="not signed by"):
        opened(signed("text\n", [OTHER]), OURS.verifier)
    assert opened(signed("text\n", [OTHER, OURS]), OURS.verifier) == "text\n"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "name",
        "name+00000000+AQ==",
        PUBLIC.replace("c74f20a3", "c74f20a4"),
        PUBLIC[:-4],
        PRIVATE,
    ],
)
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(BadInput):
        Verifier.from_text(key)
    with pytest.raises(BadInput):
        Signer.from_text(key.replace("PRIVATE", "private"))


def test_the_secret_is_not_in_what_is_printed() -> None:
    assert "1111" not in repr(OURS)


@pytest.mark.parametrize(
    "text",
    [
        "log\n1\n",
        "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "log\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "log\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "log\n" + "9" * 5000 + "\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "log\n1\nCsUYapGGPo4d\n",
        "log\n1\n!!!\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        Checkpoint.from_text(text)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    note = Checkpoint("another", 1, b"r" * 32).signed([OURS])
    with pytest.raises(BadInput, match="another log"):
        opened_checkpoint(note, OURS.verifier)
    ours = Checkpoint(OURS.name, 1, b"r" * 32)
    assert opened_checkpoint(ours.signed([OURS]), OURS.verifier) == ours
