"""A worker, as a process of its own, that is killed at one awaited step of one of its effects."""

import asyncio
import itertools
import multiprocessing
import os
import signal
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from enum import Enum
from functools import wraps
from multiprocessing.context import ForkServerProcess
from types import coroutine
from typing import Any, ParamSpec, TypeVar

from pydantic import SecretStr
from temporalio.envconfig import ClientConnectConfig
from temporalio.worker._worker import load_default_build_id

from activities import AgentHand, RoomHand, TelephoneHand
from offhook.adapters.livekit import (
    LiveKit,
    _RingWatch,  # pyright: ignore[reportPrivateUsage] # a dial's other coroutine
    connect_livekit,
)
from offhook.adapters.reports import TemporalReports
from offhook.settings import Settings
from offhook.temporal import connect
from worker import build

P = ParamSpec("P")
T = TypeVar("T")

load_default_build_id()  # kept by the SDK: else each forked worker hashes all code anew, for a second


class Part(Enum):
    """What a worker may die in."""

    BRINGING_AGENT = (AgentHand, "bring")
    DIALLING = (LiveKit, "dial")
    WATCHING_FOR_RINGING = (_RingWatch, "_look_for_ringing")
    REPORTING_RINGING = (TemporalReports, "ringing")
    SETTLING = (TelephoneHand, "settle")
    CLEARING = (RoomHand, "clear")


@dataclass(frozen=True)
class Death:
    """In what, and at which of its steps: each wait is one, and the last is its return."""

    part: Part
    step: int


@dataclass(frozen=True)
class Post:
    """Where a worker works, and how it dies, if it does."""

    temporal: str
    task_queue: str
    livekit_url: str
    livekit_key: str
    livekit_secret: str
    death: Death | None = None


def be_ready_to_hire() -> None:
    """Have everything imported, in the process that workers are forked from."""
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload([__name__])
    first = forking.Process(target=os.getpid)
    first.start()
    first.join()


def hire(post: Post) -> ForkServerProcess:
    """Start a worker."""
    process = multiprocessing.get_context("forkserver").Process(target=work, args=(post,), daemon=True)
    process.start()
    return process


def work(post: Post) -> None:
    """Work until killed."""
    if post.death is not None:
        doom(post.death)
    asyncio.run(_work(post))


async def _work(post: Post) -> None:
    settings = Settings(
        livekit_url=post.livekit_url,
        livekit_api_key=post.livekit_key,
        livekit_api_secret=SecretStr(post.livekit_secret),
        task_queue=post.task_queue,
    )
    client = await connect(ClientConnectConfig(target_host=post.temporal))
    async with connect_livekit(settings) as livekit:
        _, calls = build(client, livekit, settings=settings)
        async with calls:
            await asyncio.Event().wait()


def doom(death: Death) -> None:
    """From now on this process dies at that step."""
    owner, name = death.part.value
    setattr(owner, name, _dying(getattr(owner, name), death.step))


def _dying(method: Callable[P, Coroutine[Any, Any, T]], step: int) -> Callable[P, Coroutine[Any, Any, T]]:
    @wraps(method)
    async def dying(*args: P.args, **kwargs: P.kwargs) -> T:
        return await _driven(method(*args, **kwargs), step)

    return dying


@coroutine
def _driven(story: Coroutine[Any, Any, T], step: int) -> Generator[Any, Any, T]:
    """Drive a coroutine by hand, until it returns or its time has come."""
    raised: BaseException | None = None
    for taken in itertools.count(1):
        try:
            waits_for = story.throw(raised) if raised is not None else story.send(None)
        except StopIteration as ended:
            _die_if(taken == step)
            return ended.value
        _die_if(taken == step)
        raised = None
        try:
            yield waits_for
        except BaseException as error:  # noqa: BLE001 - a cancellation is the story's to take
            raised = error
    raise AssertionError


def _die_if(time_has_come: bool) -> None:
    if time_has_come:
        os.kill(os.getpid(), signal.SIGKILL)
