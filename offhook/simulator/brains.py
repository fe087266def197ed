"""What an agent says: a protocol, and two small agents that need no model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from offhook.simulator.phrases import is_goodbye


@dataclass(frozen=True)
class Reply:
    """An answer in words, and whether the call is to end once they are spoken."""

    text: str
    ends_call: bool = False


class Brain(Protocol):
    """One agent's side of one conversation."""

    async def greet(self) -> str:
        """What to say when the call is answered."""
        ...

    async def answer(self, sentence: str) -> Reply:
        """What to say to this."""
        ...


class Echo:
    """Repeats what it hears, until it hears a goodbye."""

    async def greet(self) -> str:
        return "Hello, this is the echo agent."

    async def answer(self, sentence: str) -> Reply:
        if is_goodbye(sentence):
            return Reply("Goodbye.", ends_call=True)
        return Reply(f"You said: {sentence}")


class Receptionist:
    """Asks for a name and a purpose, confirms them and says goodbye."""

    def __init__(self) -> None:
        self._answers: list[str] = []

    async def greet(self) -> str:
        return "Hello, this is the reception. May I have your name, please?"

    async def answer(self, sentence: str) -> Reply:
        if is_goodbye(sentence):
            return Reply("Thank you for your time. Goodbye.", ends_call=True)
        self._answers.append(sentence)
        match len(self._answers):
            case 1:
                return Reply("Thank you. What is it about?")
            case 2:
                return Reply(f"I have noted: {sentence} Is that right?")
            case _:
                return Reply("Thank you, somebody will see to it. Goodbye.", ends_call=True)


BRAINS: Mapping[str, Callable[[], Brain]] = {"echo": Echo, "receptionist": Receptionist}
"""The built-in agents by agent id."""
