"""Each end reason in words for people: what happened, and what to do about it."""

from offhook.model.reasons import EndReason

R = EndReason

WORDS: dict[EndReason, tuple[str, str]] = {
    R.CANCELED_QUEUED: (
        "The call was cancelled before it was dialled.",
        "Nothing: somebody asked for it. Place it again if it is wanted after all.",
    ),
    R.EXPIRED_IN_QUEUE: (
        "The call waited for its permit until its time in the queue was up; the telephone never rang.",
        "Raise the limit it waited for (`offhook limits set`), give calls longer (`timers.queue`), or place fewer.",
    ),
    R.REJECTED_QUEUE_FULL: (
        "The account had as many calls pending as it may have, so the call was not accepted.",
        "Place it again after the time that the refusal names, or raise `OFFHOOK_MAX_WAITING_CALLS`.",
    ),
    R.BLOCKED_DO_NOT_CALL: (
        "The number is on a do-not-call list, so it was not dialled.",
        "Do not call it: take it off your own list, too.",
    ),
    R.BLOCKED_CALLING_HOURS: (
        "It was outside the hours in which this number may be called.",
        "Place it for a time within those hours (`not_before`).",
    ),
    R.BLOCKED_NO_CONSENT: (
        "The person has not agreed to be called, so the number was not dialled.",
        "Get the person's consent, and record it, before the next call.",
    ),
    R.BLOCKED_DESTINATION_NOT_ALLOWED: (
        "Calls to this destination are not allowed.",
        "Check number and country; if such calls are meant, allow the destination for the account.",
    ),
    R.BLOCKED_FREQUENCY_CAP: (
        "The number has been called as often as it may be for now.",
        "Wait until the cap's period is over.",
    ),
    R.BLOCKED_PREDIAL_CHECK: (
        "Your own check before the dial refused the call.",
        "Read in the cause what the check answered; it decides whether to try again.",
    ),
    R.BLOCKED_ACCOUNT: (
        "The account may not place calls.",
        "Settle what keeps the account from calling: a pause, its balance, a payment.",
    ),
    R.BLOCKED_FRAUD: (
        "The call was blocked as suspected fraud.",
        "Look into the account's calls before it places another.",
    ),
    R.INVALID_CONFIGURATION: (
        "Something that the call needs is configured wrongly, so it was not dialled.",
        "Mend what the cause names; `offhook doctor` looks at the whole installation.",
    ),
    R.AGENT_NOT_AVAILABLE: (
        "No agent was free, so the telephone never rang.",
        "Run more agents, or lower the account's limit to what they can serve (`offhook limits set`).",
    ),
    R.AGENT_JOIN_TIMEOUT: (
        "The agent did not come into the room in time, so the telephone never rang.",
        "See that the media worker runs and is called `OFFHOOK_MEDIA_AGENT`; if it is slow, raise `timers.agent_join`.",
    ),
    R.SIP_FAILED_WRONG_NUMBER: (
        "There is no such number.",
        "Correct the number or take it off your list: calling again gives the same.",
    ),
    R.SIP_FAILED_NUMBER_BLOCKED: (
        "The carrier or the called number blocks the call.",
        "Do not call this number again from this caller id; ask the carrier what blocks it.",
    ),
    R.SIP_FAILED_SPAM_FLAGGED: (
        "The call was rejected as spam.",
        "Call from another caller id, and have this one's reputation looked at: others will reject it, too.",
    ),
    R.SIP_FAILED_UNREACHABLE: (
        "The telephone is off or out of reach.",
        "Call again in some hours. If such calls rang first, lower `OFFHOOK_MAILBOX_AFTER_S` or the trunk's own mark.",
    ),
    R.SIP_FAILED_TIMEOUT: (
        "The network gave up before the telephone answered or refused.",
        "Call again later; if many numbers end so, ask the carrier.",
    ),
    R.SIP_FAILED_NO_FINAL_RESPONSE: (
        "The carrier took the call and never said what became of it.",
        "Call again later; if many numbers end so, ask the carrier why neither ringing nor an answer comes.",
    ),
    R.SIP_FAILED_TRUNK_AUTH: (
        "The carrier does not accept the trunk's user name and password.",
        "Check user name and password of the trunk at the carrier; calls over it fail until then: pause the trunk.",
    ),
    R.SIP_FAILED_TRUNK_PERMISSION: (
        "The trunk may not call this destination.",
        "Allow the country or the kind of number at the carrier; calls to it fail until then.",
    ),
    R.SIP_FAILED_TRUNK_PAYMENT: (
        "The carrier wants to be paid first.",
        "Pay the carrier or top up its account; calls over the trunk fail until then.",
    ),
    R.SIP_FAILED_TRUNK_CONFIG: (
        "The call was never sent to the carrier: the trunk or a number is set up wrongly.",
        "Mend what the cause names; `offhook livekit check` looks at the trunk, `--dial NUMBER` tries it.",
    ),
    R.SIP_FAILED_TRUNK_UNAVAILABLE: (
        "The carrier is down or does not answer.",
        "Call again in some minutes, or over another trunk. If none gets through, check the trunk's address.",
    ),
    R.SIP_FAILED_TRUNK_RATE_LIMIT: (
        "The carrier takes fewer new calls a second than it was sent.",
        "Set the carrier's figure (`offhook limits set ACCOUNT --trunk NAME --calls-per-second N`), then call again.",
    ),
    R.SIP_FAILED_TRUNK_CAPACITY: (
        "The carrier takes fewer calls at once than are up.",
        "Set the carrier's figure (`offhook limits set ACCOUNT --trunk NAME --calls N`) or raise it; then call again.",
    ),
    R.SIP_FAILED_ROUTING: (
        "The network could not route the call: it went in circles.",
        "Check the trunk's address and the number's prefix, and ask the carrier; calling again gives the same.",
    ),
    R.SIP_FAILED_MEDIA: (
        "The two sides have no audio format in common.",
        "Allow PCMU or PCMA on the trunk at the carrier, and check that both sides agree about encryption.",
    ),
    R.SIP_FAILED_OTHER: (
        "The carrier refused the call in a way of its own.",
        "Look up the SIP code and the carrier's words; if they tell of something that passes, call again.",
    ),
    R.ORIGINATION_UNKNOWN: (
        "Nobody can say whether the telephone rang; it was not dialled again.",
        "Call again if a second ring does no harm; see whether LiveKit or a worker was lost at that time.",
    ),
    R.ORIGINATION_NOT_RECORDED: (
        "The call was not dialled, because the wish to dial could not be recorded.",
        "Nothing rang: call again once Temporal and the database are well.",
    ),
    R.USER_DID_NOT_PICK_UP: (
        "It rang, and nobody picked up.",
        "Call again at another time of day; `timers.ring` says how long it rings.",
    ),
    R.USER_HUNG_UP_RINGING: (
        "The person called declined while it rang.",
        "Leave it, or let a long time pass. Where many decline, the carrier may be blocking you as spam unseen.",
    ),
    R.USER_BUSY: (
        "The line was busy.",
        "Call again in 15 to 60 minutes.",
    ),
    R.VOICEMAIL_DETECTED_PRECONNECT: (
        "The call was diverted to a mailbox before it was answered.",
        "Treat it as a voicemail. If phones that are only off end so, raise `OFFHOOK_MAILBOX_AFTER_S` for the trunk.",
    ),
    R.CANCELED_RINGING: (
        "The call was cancelled while it was dialled or rang.",
        "Nothing: somebody asked for it. Place it again if it is wanted after all.",
    ),
    R.CALLER_HUNG_UP_RINGING: (
        "The caller gave up before the call was answered.",
        "Call back if you wish to; where it happens often, see how long agents take to answer.",
    ),
    R.WEB_USER_NOT_JOINED: (
        "The person on the web never joined.",
        "Check that the page may use the microphone, and invite the person anew.",
    ),
    R.USER_HUNG_UP_IN_CALL: (
        "The other side hung up.",
        "Nothing: a normal end.",
    ),
    R.AGENT_HUNG_UP: (
        "The agent was done and hung up.",
        "Nothing: a normal end.",
    ),
    R.CANCELED_IN_CALL: (
        "The call was hung up on request in the middle of the talk.",
        "Nothing: somebody asked for it.",
    ),
    R.TAKEN_OVER_BY_OPERATOR: (
        "An operator took the call over from the agent.",
        "Nothing: the operator goes on with it.",
    ),
    R.AGENT_HUNG_UP_VOICEMAIL_DETECTED: (
        "A voicemail answered, and the agent hung up.",
        "Call again at another time, or have the agent leave a message.",
    ),
    R.VOICEMAIL_MESSAGE_LEFT: (
        "A voicemail answered, and the agent left a message.",
        "Give the person time to call back before you try again.",
    ),
    R.IVR_REACHED: (
        "A telephone menu answered instead of a person.",
        "Use a direct number, or an agent that finds its way through the menu.",
    ),
    R.CALL_SCREENED: (
        "A call screener answered instead of the person.",
        "Have the agent say who calls and why; a known caller id helps.",
    ),
    R.FAX_DETECTED: (
        "A fax answered.",
        "Take the number off your list.",
    ),
    R.AGENT_HUNG_UP_SILENCE_DETECTED: (
        "The other side said nothing, and the agent hung up.",
        "Call again later; where it happens often, listen whether audio comes through in both directions.",
    ),
    R.IDLE_TIMEOUT: (
        "Nobody spoke for as long as the call may be idle.",
        "If such pauses are normal, raise `timers.idle`; if the agent should have spoken, look at the agent.",
    ),
    R.MAX_DURATION_REACHED: (
        "The talk reached the call's maximum duration.",
        "If talks may be longer, raise `timers.max_duration`; if not, see what kept this one going.",
    ),
    R.TRANSFERRED: (
        "The call was transferred.",
        "Nothing: it goes on elsewhere.",
    ),
    R.TRANSFER_BRIDGED: (
        "The call was connected to somebody else after an introduction.",
        "Nothing: a normal end.",
    ),
    R.TRANSFER_FAILED: (
        "The transfer failed, and the call ended with it.",
        "Check the target's number and whether the carrier allows transfers (SIP REFER) on this trunk.",
    ),
    R.TRANSFER_OPERATOR_BUSY: (
        "The call was to be transferred, and the operator was busy.",
        "Call the person back, and name a second operator for such times.",
    ),
    R.TRANSFER_OPERATOR_NO_ANSWER: (
        "The call was to be transferred, and the operator did not answer.",
        "Call the person back, and name a second operator for such times.",
    ),
    R.TRANSFER_CANCELED: (
        "The transfer was cancelled, and the call ended with it.",
        "See in the cause who cancelled it; call the person back if it was not they.",
    ),
    R.TRANSFER_TIMED_OUT: (
        "The transfer took too long, and the call ended with it.",
        "Call the person back; give the transfer longer, or name an operator who answers sooner.",
    ),
    R.USER_HUNG_UP_DURING_TRANSFER: (
        "The other side hung up during the transfer.",
        "Call back if you wish to; where it happens often, shorten the wait.",
    ),
    R.REDIRECTED_OVER_CAPACITY: (
        "There was no room for the call, so it was sent elsewhere.",
        "Raise the account's limit, or keep a reserve for inbound calls (`offhook limits set`).",
    ),
    R.AGENT_ERROR: (
        "The agent failed.",
        "See the failing part in the cause (language model, speech, tool) and the agent's log; then call again.",
    ),
    R.AGENT_CONNECTION_LOST: (
        "The agent was lost without having ended the call.",
        "See in the media worker's log whether it crashed, was stopped or lost its network; then call again.",
    ),
    R.NO_AUDIO_RECEIVED: (
        "The call was answered, and no audio ever came from the other side.",
        "Open livekit-sip's RTP ports to the carrier, and check the address that it tells the carrier (NAT).",
    ),
    R.MEDIA_LOST: (
        "The audio from the other side broke off.",
        "Call again. One call: the network. Many at once: see whether livekit-sip was lost.",
    ),
    R.PLATFORM_ERROR: (
        "Something failed on our side, or somebody ended the call from outside.",
        "Read the cause; `offhook doctor` looks at what calls need, LiveKit's log says who removed a leg or a room.",
    ),
    R.ENDED_UNDETERMINED: (
        "The call is over, and nobody can say why.",
        "See whether LiveKit's webhooks reach offhook, and whether LiveKit or livekit-sip was restarted at that time.",
    ),
}
