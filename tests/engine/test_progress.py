"""Pulses: alive while there is progress, and while there is nothing to do."""

from sentinel.engine.progress import Pulse, Pulses
from tests.kit.clock import FakeClock


async def test_a_pulse_is_alive_for_as_long_as_its_patience() -> None:
    clock = FakeClock()
    pulse = Pulse("pipeline", clock, patience=30)
    await clock.advance(seconds=30)
    assert pulse.alive
    await clock.advance(seconds=1)
    assert (pulse.alive, pulse.age) == (False, 31.0)
    pulse.beat()
    assert pulse.alive


async def test_several_pulses_are_as_alive_as_the_one_that_lags_most() -> None:
    clock = FakeClock()
    mail, chat = Pulse("mail", clock, patience=60), Pulse("chat", clock, patience=10)
    both = Pulses("dispatcher", lambda: [mail, chat])
    await clock.advance(seconds=20)
    mail.beat()
    assert (both.alive, both.age) == (False, 20.0)
    chat.beat()
    assert both.alive


def test_whoever_has_nothing_to_do_is_not_stuck() -> None:
    assert Pulses("dispatcher", list).alive
