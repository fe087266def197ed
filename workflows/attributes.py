"""Search attributes: what a call can be found by. Never a telephone number or a name: they are not encrypted."""

from temporalio.common import SearchAttributeKey

ACCOUNT_ID = SearchAttributeKey.for_keyword("AccountId")
AGENT_ID = SearchAttributeKey.for_keyword("AgentId")
DIRECTION = SearchAttributeKey.for_keyword("Direction")
CALL_STATUS = SearchAttributeKey.for_keyword("CallStatus")
END_REASON = SearchAttributeKey.for_keyword("EndReason")
ANSWERED_AT = SearchAttributeKey.for_datetime("AnsweredAt")
TALK_SECONDS = SearchAttributeKey.for_int("TalkSeconds")

ALL = (ACCOUNT_ID, AGENT_ID, DIRECTION, CALL_STATUS, END_REASON, ANSWERED_AT, TALK_SECONDS)

TYPES = {key.name: key.indexed_value_type.name.title() for key in ALL}
"""Name → type, as ``temporal operator search-attribute create`` wants them. A server has room for 10 Keywords."""
