"""LiveKit's SIP resources: trunks and dispatch rules, kept and listed."""

from livekit.protocol.sip import (
    CreateSIPDispatchRuleRequest,
    CreateSIPInboundTrunkRequest,
    CreateSIPOutboundTrunkRequest,
    DeleteSIPDispatchRuleRequest,
    DeleteSIPTrunkRequest,
    ListSIPDispatchRuleRequest,
    ListSIPDispatchRuleResponse,
    ListSIPInboundTrunkRequest,
    ListSIPInboundTrunkResponse,
    ListSIPOutboundTrunkRequest,
    ListSIPOutboundTrunkResponse,
    SIPDispatchRuleInfo,
    SIPInboundTrunkInfo,
    SIPOutboundTrunkInfo,
    SIPTrunkInfo,
)

from offhook.simulator.grants import administers_sip
from offhook.simulator.ids import new_id
from offhook.simulator.twirp import Code, Routes, TwirpError, endpoint


class Trunks:
    """What is configured for SIP."""

    def __init__(self) -> None:
        self._outbound: dict[str, SIPOutboundTrunkInfo] = {}
        self._inbound: dict[str, SIPInboundTrunkInfo] = {}
        self._rules: dict[str, SIPDispatchRuleInfo] = {}

    def routes(self) -> Routes:
        return {
            "CreateSIPOutboundTrunk": endpoint(CreateSIPOutboundTrunkRequest, administers_sip, self._create_outbound),
            "ListSIPOutboundTrunk": endpoint(ListSIPOutboundTrunkRequest, administers_sip, self._list_outbound),
            "CreateSIPInboundTrunk": endpoint(CreateSIPInboundTrunkRequest, administers_sip, self._create_inbound),
            "ListSIPInboundTrunk": endpoint(ListSIPInboundTrunkRequest, administers_sip, self._list_inbound),
            "DeleteSIPTrunk": endpoint(DeleteSIPTrunkRequest, administers_sip, self._delete_trunk),
            "CreateSIPDispatchRule": endpoint(CreateSIPDispatchRuleRequest, administers_sip, self._create_rule),
            "ListSIPDispatchRule": endpoint(ListSIPDispatchRuleRequest, administers_sip, self._list_rules),
            "DeleteSIPDispatchRule": endpoint(DeleteSIPDispatchRuleRequest, administers_sip, self._delete_rule),
        }

    def outbound(self, trunk_id: str) -> SIPOutboundTrunkInfo:
        """The trunk to dial through.

        Raises:
            TwirpError: there is none of this id.
        """
        trunk = self._outbound.get(trunk_id)
        if trunk is None:
            raise TwirpError(Code.NOT_FOUND, "requested sip trunk does not exist")
        return trunk

    async def _create_outbound(self, request: CreateSIPOutboundTrunkRequest) -> SIPOutboundTrunkInfo:
        trunk = SIPOutboundTrunkInfo()
        trunk.CopyFrom(request.trunk)
        trunk.sip_trunk_id = new_id("ST")
        self._outbound[trunk.sip_trunk_id] = trunk
        return trunk

    async def _list_outbound(self, request: ListSIPOutboundTrunkRequest) -> ListSIPOutboundTrunkResponse:
        wanted = set(request.trunk_ids)
        return ListSIPOutboundTrunkResponse(
            items=[trunk for key, trunk in self._outbound.items() if not wanted or key in wanted]
        )

    async def _create_inbound(self, request: CreateSIPInboundTrunkRequest) -> SIPInboundTrunkInfo:
        trunk = SIPInboundTrunkInfo()
        trunk.CopyFrom(request.trunk)
        trunk.sip_trunk_id = new_id("ST")
        self._inbound[trunk.sip_trunk_id] = trunk
        return trunk

    async def _list_inbound(self, request: ListSIPInboundTrunkRequest) -> ListSIPInboundTrunkResponse:
        wanted = set(request.trunk_ids)
        return ListSIPInboundTrunkResponse(
            items=[trunk for key, trunk in self._inbound.items() if not wanted or key in wanted]
        )

    async def _delete_trunk(self, request: DeleteSIPTrunkRequest) -> SIPTrunkInfo:
        gone = self._outbound.pop(request.sip_trunk_id, None) or self._inbound.pop(request.sip_trunk_id, None)
        if gone is None:
            raise TwirpError(Code.NOT_FOUND, "requested sip trunk does not exist")
        return SIPTrunkInfo(sip_trunk_id=gone.sip_trunk_id, name=gone.name)

    async def _create_rule(self, request: CreateSIPDispatchRuleRequest) -> SIPDispatchRuleInfo:
        rule = SIPDispatchRuleInfo()
        if request.HasField("dispatch_rule"):
            rule.CopyFrom(request.dispatch_rule)
        else:
            rule.name = request.name
            rule.rule.CopyFrom(request.rule)
            rule.trunk_ids.extend(request.trunk_ids)
        rule.sip_dispatch_rule_id = new_id("SDR")
        self._rules[rule.sip_dispatch_rule_id] = rule
        return rule

    async def _list_rules(self, request: ListSIPDispatchRuleRequest) -> ListSIPDispatchRuleResponse:
        wanted = set(request.dispatch_rule_ids)
        return ListSIPDispatchRuleResponse(
            items=[rule for key, rule in self._rules.items() if not wanted or key in wanted]
        )

    async def _delete_rule(self, request: DeleteSIPDispatchRuleRequest) -> SIPDispatchRuleInfo:
        rule = self._rules.pop(request.sip_dispatch_rule_id, None)
        if rule is None:
            raise TwirpError(Code.NOT_FOUND, "requested sip dispatch rule does not exist")
        return rule
