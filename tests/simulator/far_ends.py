"""The far ends of the recordings, step by step, where they are not those of the magic numbers."""

from datetime import timedelta

from offhook.simulator import Dialling, tell
from offhook.simulator.stories import Act, Answer, HangUp, Provisional, Refuse, Step, Story


def _story(*steps: tuple[float, Act]) -> Story:
    return Story(steps=tuple(Step(timedelta(seconds=after), act) for after, act in steps))


def _refused(code: int, phrase: str) -> Story:
    return _story((0, Refuse(code, phrase)))


def _refused_ringing(code: int, phrase: str) -> Story:
    return _story((0.3, Provisional()), (1, Refuse(code, phrase)))


SCRIPTS = {
    "1103": _refused(486, "Busy Here"),
    "0600": _refused_ringing(600, "Busy Everywhere"),
    "0410": _refused(410, "Gone"),
    "0484": _refused(484, "Address Incomplete"),
    "0604": _refused(604, "Does Not Exist Anywhere"),
    "0401": _refused(401, "Unauthorized"),
    "0402": _refused(402, "Payment Required"),
    "0408": _refused_ringing(408, "Request Timeout"),
    "0487": _refused_ringing(487, "Request Terminated"),
    "0483": _refused(483, "Too Many Hops"),
    "0500": _refused(500, "Server Internal Error"),
    "0502": _refused(502, "Bad Gateway"),
    "0504": _refused(504, "Server Time-out"),
    "0606": _refused(606, "Not Acceptable"),
    "0607": _refused(607, "Unwanted"),
    "0302": _refused(302, "Moved Temporarily"),
    "1136": _story((0, Answer()), (0, HangUp())),
    "0183": _story((0.3, Provisional(183)), (3, Answer()), (3, HangUp())),
    "0171": _story((0, Provisional()), (0.2, Provisional()), (0.2, Provisional(183)), (1, Answer()), (3, HangUp())),
    "0180": _story((0, Answer()), (4, HangUp())),
    "0199": _story(),
    "0198": Story(silent=True),
}


def tell_as_recorded(dialling: Dialling) -> Story:
    """The recordings' far end for this number."""
    return SCRIPTS.get(dialling.number[-4:]) or tell(dialling)
