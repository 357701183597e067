"""Small projects that use every key once: what the mutations start from."""

from __future__ import annotations

Project = dict[str, str]

_TOOLS = """\
tools:
  - type: code_interpreter
  - type: file_search
    file_search: {max_num_results: 7, ranking_options: {score_threshold: 0.5, ranker: auto}}
  - type: function
    function:
      name: lookup
      description: Finds an order.
      strict: true
      parameters: {type: object, properties: {order: {type: string}}, required: [order]}
  - type: function
    function_file: ../tools/refund.json
tool_resources:
  code_interpreter: {file_ids: [file-1, file-2]}
  file_search: {vector_store_ids: [vs_1]}
"""
PLAIN: Project = {
    "assistctl.yaml": "project: shop\nprovider: local\n",
    "assistants/ann.yaml": "model: gpt-4o\ninstructions: |\n  You help.\n\n  Be brief.\ntemperature: 0.2\n",
}
FULL: Project = {
    "assistctl.yaml": """\
project: acme-support
provider: openai
manifests: [assistants, more/*.yaml]
defaults: {model: gpt-4o-mini, metadata: {team: support}}
vars: {company: Acme, count: '3'}
environments:
  dev: {provider: local, on_drift: keep}
  prod:
    vars: {company: Acme Inc}
    defaults: {temperature: 0.4}
    limits: {max_deletes: 5}
    on_conflict: overwrite
default_environment: dev
limits: {max_deletes: 30%}
on_drift: overwrite
on_conflict: fail
formerly: [old-project/prod]
policies:
  allowed_models: {values: [gpt-4o, gpt-4o-mini, gpt-4.1, o3-mini], level: warn}
""",
    "assistants/triage.yaml": """\
# yaml-language-server: $schema=../assistctl.schema.json
key: triage
name: "Support: first line"
description: 'Answers first, for ${var.company}.'
model: gpt-4o
instructions_file: [../prompts/a.md, ../prompts/b.md]
metadata: {tier: first, "odd key": "x y"}
top_p: 0.9
response_format:
  type: json_schema
  json_schema: {name: answer, strict: true, schema: {type: object, properties: {text: {type: string}}}}
aliases: [front-desk]
only: [dev, prod]
id: {prod: asst_abc123}
extends: _base.yaml
environments: {prod: {temperature: null, metadata: {tier: null}}}
allow: [AC703]
lifecycle: {prevent_destroy: true, ignore_changes: [name, metadata.tier], on_remove: keep}
"""
    + _TOOLS,
    "assistants/two.yaml": "key: judge\nmodel: o3-mini\nreasoning_effort: low\ninstructions: Weigh.\n---\n"
    "key: clerk\nmodel: gpt-4o\nresponse_format: {type: json_object}\ninstructions: Answer in JSON.\n",
    "assistants/_base.yaml": "temperature: 0.7\nmetadata: {base: 'yes'}\n",
    "more/late.yaml": "model: gpt-4.1\ninstructions: ${file.../prompts/b.md}\n",
    "prompts/a.md": "# ${var.company}\r\n\r\nLiteral: ${x}, $5, {{ y }}, $${var.company}, ${var.count}.\n",
    "prompts/b.md": "Zoë says: 世界 🚀\n\n- one\n- two\n",
    "tools/refund.json": '{"name": "refund", "description": "Pays back.", "parameters": {"type": "object"}}',
}
PROJECTS = (PLAIN, FULL, FULL)
"""To choose from; the richer one more often."""

_TEXTS = (
    "\t",
    ": ",
    "- ",
    "&a ",
    "*a",
    "<<: *a\n",
    "!!python/object/apply:os.system [id]\n",
    "!!binary ",
    "!x ",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "%TAG ! tag:x,2000:\n",
    "${var.",
    "${file.",
    "${env.HOME}",
    "$${",
    "}",
    "\x00",
    "\x1b[2J",
    "\r",
    "\u0085",
    "\u2028",
    "\u202e",
    "\u200b",
    "\ufeff",
    "\U000e0041",
    "null",
    "~",
    "yes",
    "0o17",
    "0x7fffffffffffffffffffffff",
    "9" * 4400,
    ".inf",
    ".nan",
    "1e999",
    "2024-01-01",
    "{" * 55,
    "[" * 55,
    "'",
    '"',
    "\\ud800",
    "\\x41",
    "|\n",
    ">-\n  ",
    "|9\n",
    "? ",
    "#",
    ",",
    "extends: _base.yaml\n",
    "instructions_file: ../assistctl.yaml\n",
    "../../etc/passwd",
    "/proc/self/environ",
    "~/x",
    "environments: {prod: {}}\n",
    "key: triage\n",
    "model: null\n",
    "tools: [{type: function}]\n",
    "metadata: {a: 1}\n",
    "lifecycle: {}\n",
    "id: ../x\n",
    "ß" * 70,
)
TOKENS = (*(text.encode() for text in _TEXTS), b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"\xf5\x80\x80\x80")
