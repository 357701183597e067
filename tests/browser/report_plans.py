"""Plans as reports have to show them: a usual one, a shared fragment, and one where every text is hostile."""

from __future__ import annotations

from dataclasses import replace

from assistctl.model.plan import ABSENT, Action, Candidate, Cause, Change, FieldChange, Plan, Refusal
from assistctl.model.values import Json, pack

KEYS = (
    "billing-bot",
    "contract-reader",
    "data-steward",
    "hr-faq",
    "it-helpdesk",
    "legal-intake",
    "loyalty-advisor",
    "night-shift",
    "onboarding-guide",
    "partner-portal",
    "press-office",
    "quality-coach",
    "refund-helper",
    "release-notes",
    "returns-bot",
    "sales-qualifier",
    "shipping-status",
    "support-triage",
    "survey-host",
    "travel-desk",
)


def plan_of(*changes: Change, **more: object) -> Plan:
    """A plan of one owner."""
    return Plan("acme-support/prod", "aimlapi", "https://api.aimlapi.com", changes, **more)  # type: ignore[arg-type]


def update(key: str, *fields: FieldChange) -> Change:
    """An update with a usual id, file and name."""
    named = {"name": key.replace("-", " ").capitalize()}
    return Change(
        Action.UPDATE, key, f"asst_{key}", fields, file=f"assistants/{key}.yaml", before=named, after=named
    )


def prompt_change(before: str, after: str, cause: Cause = Cause.MANIFEST) -> FieldChange:
    """A changed prompt."""
    return FieldChange("instructions", before, after, cause)


def setting(field: str, before: object, after: object, cause: Cause = Cause.MANIFEST) -> FieldChange:
    """Any other changed field."""
    return FieldChange(field, before, after, cause)  # type: ignore[arg-type]


def function(name: str, properties: dict[str, Json], about: str) -> dict[str, Json]:
    """A function tool."""
    parameters: Json = {"type": "object", "properties": properties, "required": sorted(properties)}
    return {
        "type": "function",
        "function": {"name": name, "description": about, "parameters": parameters},
    }


def prompt(key: str) -> str:
    """A prompt of 16 lines."""
    return f"""You work for Acme as the {key.replace("-", " ")}. You answer customers in their own language.

## Tone
- Be brief.
- Use plain words and no jargon; explain abbreviations the first time they appear.
- Never promise a refund.

## Facts
- Invoices are sent on the first of the month.
- They are due within 30 days.
- The desk is open from 9:00 to 17:00.

## Safety
- Never share personal data of other customers.
- If a customer mentions self-harm, give the helpline and hand over to a person.
"""


def safer(text: str) -> str:
    """What a changed fragment makes of a prompt."""
    old = "- Never share personal data of other customers.\n"
    return text.replace(old, old.replace(".", ", not even with staff.") + "- Do not repeat card numbers.\n")


def usual_plan() -> Plan:
    """Twenty assistants with every action and every cause, 22 unchanged ones, a refusal and a note."""
    special = {change.key: change for change in _special()}
    listed = [special.get(key) or _ordinary(place, key) for place, key in enumerate(KEYS)]
    quiet = [Change(Action.NOOP, f"quiet-{i}", f"asst_quiet{i}") for i in range(22)]
    return plan_of(
        *sorted([*listed, *quiet], key=lambda change: change.key),
        unmanaged=7,
        foreign=3,
        refusals=(Refusal(6, "sales-qualifier has prevent_destroy", "assistctl apply --no-delete"),),
        notes=("model 'gpt-4o' shuts down upstream on 2027-01-14",),
    )


def shared_plan(number: int) -> Plan:
    """So many assistants that extend one changed fragment, each with other text around it."""
    old = "## Safety\n- Never share secrets.\n- Be kind.\n"
    new = old.replace("secrets", "secrets or keys")
    around = "You are agent {0}.\n{1}Signed, {0}.\n"
    return plan_of(
        *(
            update(f"support-agent-{i:04}", prompt_change(around.format(i, old), around.format(i, new)))
            for i in range(number)
        )
    )


HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "</style><style>*{display:none}</style>",
    "</code></pre></details><h1>Approved</h1>",
    "--><b>x</b><!--",
    "&lt;script&gt; &#64;team &amp;",
    "```\n# Approved\n~~~",
    "`@everyone` ``` @acme/admins #1 GH-2 !3 %4 $5",
    "[click](javascript:alert(1)) ![x](https://evil.example/x.png) https://evil.example www.evil.example",
    "::error::pwned",
    "\n::set-output name=x::y\n  ::warning::z",
    "##[error]x ##vso[task.complete]",
    "\x1b[2J\x1b]8;;https://evil.example\x07x\r\u202egnp.exe\u2066\u200b\U000e0041\x00\x9b",
    "/approve\n/merge\n/close",
    "| a | b |\n|---|---|\n$\\color{red}{x}$ \\\\ <br>",
)


def hostile_plan(text: str) -> Plan:
    """A plan with ``text`` in every place that a file or a remote can fill."""
    tool = function("refund", {text: {"type": "string", "description": text}}, text)
    other = function("refund", {"amount": {"type": "number"}}, f"{text}{text}")
    body = {
        "name": text,
        "description": text,
        "model": text,
        "instructions": f"one\n{text}\ntwo",
        "tools": pack([tool, {"type": text}]),
        "response_format": pack({text: [text]}),
        "metadata": pack({text: text}),
    }
    fields = (
        prompt_change(f"a\n{text}\nb", f"a\n{text} more\nc"),
        setting("name", text, f"{text}2", Cause.DRIFT),
        setting("description", "x" * 70 + text, text, Cause.CONFLICT),
        setting(f"metadata.{text}", text, ABSENT, Cause.REMOVED),
        setting(f"tools.{text}", pack(tool), pack(other)),
        setting(f"tools.2{text}", ABSENT, pack(tool)),
        setting("response_format", pack({"a": text * 9}), pack({"a": {text: text * 9}})),
        replace(setting("model", text, f"{text}3", Cause.DRIFT), kept=True),
    )
    ways = (text, f"assistctl plan --adopt={text}")
    about = {"id": f"id{text}", "reason": text, "file": text}
    return Plan(
        text,
        text,
        text,
        (
            Change(Action.CREATE, f"a{text}", None, reason=text, file=text, after=body),
            Change(Action.DELETE, f"b{text}", before=body, **about),
            *(
                Change(Action.UPDATE, f"c{i}{text}", fields=fields, previous_key=text, before=body, **about)
                for i in range(3)
            ),
            Change(Action.ADOPT, f"d{text}", fields=fields[1:], after=body, **about),
            Change(Action.NOOP, f"e{text}", fields=fields[-1:], **about),
            Change(
                Action.UNDECIDED,
                f"f{text}",
                None,
                reason=text,
                candidates=(Candidate(text, text, 1e99, text), Candidate(text, text, 0)),
                ways=ways,
            ),
        ),
        refusals=(Refusal(6, text, text),),
        notes=(text,),
    )


def _special() -> list[Change]:
    billing = prompt("billing-bot")
    longer = safer(billing).replace("9:00 to 17:00.", "8:00 to 18:00, on Fridays until 16:00.")
    number: Json = {"type": "string", "description": "As printed, such as 2026-0042."}
    lookup = function("lookup_invoice", {"number": {"type": "string"}}, "Finds one invoice.")
    wider = function("lookup_invoice", {"number": number, "year": {"type": "integer"}}, "Finds one invoice.")
    refund = function("refund", {"amount": {"type": "number"}}, "Starts a refund; a person confirms it.")
    answer: Json = {"name": "ticket", "schema": {"type": "object", "properties": {}}}
    strict: Json = {"name": "ticket", "strict": True, "schema": {"type": "object", "properties": {}}}
    guide = prompt("onboarding-guide")
    return [
        update(
            "billing-bot",
            prompt_change(billing, longer.replace("Be brief.", "Be brief and polite.")),
            setting("temperature", 0.7, 0.2, Cause.DRIFT),
            setting("model", "gpt-4o-mini", "gpt-4.1-mini"),
            setting("metadata.team", "sales", "support"),
            setting("tools.lookup_invoice", pack(lookup), pack(wider)),
            setting("tools.refund", ABSENT, pack(refund)),
        ),
        update(
            "it-helpdesk",
            setting(
                "response_format",
                pack({"type": "json_schema", "json_schema": answer}),
                pack({"type": "json_schema", "json_schema": strict}),
            ),
        ),
        update(
            "onboarding-guide",
            prompt_change(guide, guide.replace("You answer customers", "You welcome new customers")),
            setting("description", "Welcomes new customers. " * 4, "Welcomes new customers with links. " * 4),
        ),
        replace(
            update("hr-faq", replace(setting("temperature", 1, 0.3, Cause.DRIFT), kept=True)),
            action=Action.NOOP,
        ),
        replace(
            update("survey-host", setting("name", "Survey", "Survey host", Cause.RENAME)),
            previous_key="survey",
        ),
        replace(
            update("loyalty-advisor", setting("temperature", 1, 0.4, Cause.ADOPT)),
            action=Action.ADOPT,
            reason="unowned, of the same name",
        ),
        *(_created(key) for key in ("data-steward", "support-triage")),
        *(_deleted(key) for key in ("release-notes", "sales-qualifier")),
        Change(
            Action.UNDECIDED,
            "returns-bot",
            None,
            reason="an unowned assistant has the same name",
            candidates=(
                Candidate("asst_m7FpSEXW8IkKIackXTAY0SSb", "Returns bot", 1_763_800_000),
                Candidate("asst_2pXWzVEgj6qEnuhex2hHLz5m", "Returns bot", 1_753_800_000, "acme-sales/prod"),
            ),
            ways=("assistctl plan --adopt=returns-bot", "id: asst_m7FpSEXW8IkKIackXTAY0SSb"),
        ),
    ]


def _ordinary(place: int, key: str) -> Change:
    if place % 2:
        return update(key, prompt_change(prompt(key), safer(prompt(key))))
    return update(key, setting("model", "gpt-4o", "gpt-4.1"))


def _created(key: str) -> Change:
    route = function("route", {"team": {"enum": ["billing", "technical"]}}, "Hands a message to a team.")
    after = {
        "name": key.replace("-", " ").capitalize(),
        "model": "gpt-4.1-mini",
        "instructions": prompt(key),
        "tools": pack([{"type": "file_search"}, route]),
        "temperature": 0.2,
        "metadata": pack({"team": "support"}),
    }
    return Change(Action.CREATE, key, None, after=after, file=f"assistants/{key}.yaml")


def _deleted(key: str) -> Change:
    before = {
        "name": key,
        "model": "gpt-4o",
        "instructions": prompt(key),
        "metadata": pack({"team": "sales"}),
    }
    return Change(Action.DELETE, key, f"asst_{key}", reason="no manifest declares it", before=before)
