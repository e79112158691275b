"""The ports that a site's processes are given."""

import socket

from inspector.gateway.site_run import free_port


def test_the_wanted_port_is_had_while_nobody_listens_there() -> None:
    port = free_port()
    assert free_port(port) == port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert free_port(port) != port


def test_no_connection_of_another_program_is_given_a_free_port() -> None:
    with socket.socket() as dealt:
        dealt.bind(("127.0.0.1", 0))
        lowest_dealt = 32768
        assert dealt.getsockname()[1] >= lowest_dealt
    assert {free_port() < lowest_dealt for _ in range(50)} == {True}
