"""The codes about layers, references, texts, the project file, identity, warnings and notices."""

from __future__ import annotations

from typing import Final

from .code_type import Code

CONTENT_CODES: Final = (
    Code(
        "AC201",
        "not a fragment",
        "extends takes a YAML file whose name starts with _ : such files are never assistants themselves.",
        "extends: _base.yaml",
    ),
    Code(
        "AC202",
        "extends in a circle",
        "A fragment extends itself, directly or through others. The message shows the way round.",
        "Move what both share into a third fragment.",
    ),
    Code("AC203", "extends too deep", "At most five fragments stand on one another.", "Merge two of them."),
    Code(
        "AC204",
        "unknown environment",
        "environments, only and id name an environment that the project file does not have. A misspelt "
        "environment would silently change nothing.",
        "environments: {prod: {model: gpt-4o}}",
    ),
    Code(
        "AC301",
        "undefined variable",
        "The variable is neither in vars of the project file or its environment, nor given by --var.",
        "vars: {company: Acme}",
    ),
    Code(
        "AC302",
        "malformed reference",
        "A text holds ${var., ${file. or ${env. without a name and a closing brace. To write it literally, "
        "double the dollar sign.",
        "${var.company}   or, literally,   $${var.company}",
    ),
    Code(
        "AC303",
        "environment variable not allowed",
        "Manifests may only read environment variables that the operator named on the command line, since "
        "a pull request could otherwise send secrets of the machine to the remote.",
        "assistctl plan --allow-env RELEASE",
    ),
    Code(
        "AC304",
        "environment variable not set",
        "The variable is allowed but the process does not have it.",
        "RELEASE=2026-11 assistctl plan --allow-env RELEASE",
    ),
    Code(
        "AC305",
        "files name files too deeply",
        "A text fragment may name another one, five deep. Usually this is a circle.",
        "Take the reference out of one of the files.",
    ),
    Code(
        "AC306",
        "reference in a literal key",
        "Nothing is expanded in key, id, aliases, only, allow, extends and lifecycle, nor in the project "
        "file outside defaults: they decide which assistant is meant and where it goes.",
        "key: support-triage",
    ),
    Code(
        "AC307",
        "references insert too much",
        "References inserted more than a million characters into one text.",
        "Insert fewer or smaller files.",
    ),
    Code(
        "AC308",
        "reference in a variable",
        "The value of a variable is inserted as it is; references in it would be sent literally.",
        "vars: {greeting: Welcome to Acme}",
    ),
    Code(
        "AC401",
        "control character",
        "A text that would be sent holds a control character other than tab, CR and LF. Terminals act on "
        "such characters and reviewers do not see them.",
        "Delete the character at the place shown.",
    ),
    Code(
        "AC402",
        "bidirectional control",
        "Bidirectional embeddings, overrides and isolates make a text read differently from what it says.",
        "Delete the character; right-to-left text needs no controls.",
    ),
    Code(
        "AC403",
        "hidden text",
        "Unicode tag characters are invisible to people and readable for models. Outside emoji flags they "
        "have no honest use. The message shows what they say.",
        "Delete the hidden text, and ask where it came from.",
    ),
    Code(
        "AC404",
        "live API key",
        "A text that would be sent holds the very key that the remote is called with.",
        "Remove the key, and revoke it: it is in the history now.",
    ),
    Code(
        "AC405",
        "not a character",
        "A lone surrogate or noncharacter cannot be written in UTF-8.",
        'description: "\\U0001F600"   # not "\\uD83D"',
    ),
    Code(
        "AC501",
        "key in the project file",
        "A provider's headers and query must not carry keys: the checkout is readable for too many. Keys "
        "come from the environment variables that api_key_env names.",
        "provider: {extends: openai, api_key_env: TEAM_KEY}",
    ),
    Code(
        "AC502",
        "unknown default environment",
        "default_environment names none of the project's environments.",
        "default_environment: dev",
    ),
    Code(
        "AC503",
        "no manifests found",
        "An entry of manifests fits no file. An empty match would look like a fleet that was removed.",
        "manifests: [assistants]",
    ),
    Code(
        "AC504",
        "built-in variable",
        "${var.environment} is always the name of the environment and cannot be set.",
        "vars: {stage: production}",
    ),
    Code(
        "AC601",
        "duplicate manifest key",
        "Two manifests of one environment have the same key. The key is the identity of an assistant.",
        "key: billing-bot-2",
    ),
    Code(
        "AC602",
        "alias of a living manifest",
        "An alias is a former key. Here another manifest still has that key, so both claim one assistant.",
        "Remove the alias, or the other manifest.",
    ),
    Code("AC603", "alias claimed twice", "Two manifests claim the same former key.", "Remove one alias."),
    Code("AC604", "pinned twice", "Two manifests pin the same remote assistant.", "Remove one id."),
    Code(
        "AC605",
        "alias equal to the key",
        "The alias is the manifest's own key; aliases are former keys.",
        "aliases: [old-name]",
    ),
    Code(
        "AC701",
        "invisible character",
        "Zero-width characters and byte order marks are sent and cannot be seen. Joiners inside emoji and "
        "between letters of scripts that need them are fine.",
        "Delete the character, or allow: [AC701]",
    ),
    Code(
        "AC702",
        "looks like a secret",
        "A text has the form of an access key, a token or a private key. Everybody who can use the "
        "assistant may get to read its prompt.",
        "Keep the secret on the side that runs the function; or allow: [AC702]",
    ),
    Code(
        "AC703",
        "temperature and top_p together",
        "Both change the same thing. OpenAI's description of the API advises to change one of them only.",
        "temperature: 0.2",
    ),
    Code(
        "AC704",
        "reasoning_effort without reasoning",
        "The model does not reason and refuses reasoning_effort, or drops it.",
        "model: o3",
    ),
    Code(
        "AC705",
        "sampling on a reasoning model",
        "Reasoning models refuse temperature and top_p, or take only the default 1.",
        "temperature: null",
    ),
    Code(
        "AC706",
        "unknown model",
        "The model is not in the list that ships with this release, whose date the message shows. It may be "
        "newer than the list, or misspelt.",
        "model: gpt-4o-mini   # or allow: [AC706]",
    ),
    Code(
        "AC707",
        "json_object without JSON in the prompt",
        "With response_format json_object the instructions must ask for JSON, or runs fail or never end.",
        "instructions: Answer as JSON with the keys category and urgency.",
    ),
    Code(
        "AC708",
        "resources without their tool",
        "tool_resources names files for a tool that the assistant does not have.",
        "tools: [{type: file_search}]",
    ),
    Code(
        "AC709",
        "function that tools lacks",
        "The prompt tells the model to call a function that is not among its tools, so it cannot.",
        "Add the function to tools, correct its name, or allow: [AC709]",
    ),
    Code(
        "AC801",
        "model near or past shutdown",
        "The vendor announced a date for this model that is past or within 90 days. A remote may keep it "
        "longer than its vendor. Never an error; one line per model.",
        "model: gpt-4.1-mini   # or allow: [AC801]",
    ),
)
