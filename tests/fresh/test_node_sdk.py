"""OpenAI's own client for Node, as an independent reader of the protocol, against ``assistctl serve``."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from assistctl.server.app import App
from assistctl.server.http import running
from assistctl.server.store import Store

pytestmark = pytest.mark.fresh

Npm = Callable[..., Path]

_LIFE = """
import OpenAI from 'openai';
import assert from 'node:assert/strict';
const client = new OpenAI({ apiKey: 'sk-test', baseURL: process.argv[2], maxRetries: 0 });
const { assistants } = client.beta;
const lookup = { type: 'function', function: { name: 'lookup', parameters: { type: 'object' } } };
const made = await assistants.create({
  model: 'gpt-4o', name: 'Support', instructions: 'Be brief.', temperature: 0.2,
  metadata: { team: 'support' }, tools: [{ type: 'file_search' }, lookup],
});
assert.equal(made.object, 'assistant');
assert.deepEqual([made.temperature, made.top_p, made.response_format], [0.2, 1, 'auto']);
assert.deepEqual(made.tools.map((tool) => tool.type), ['file_search', 'function']);
assert.deepEqual(made.tool_resources, { file_search: { vector_store_ids: [] } });
assert.deepEqual(await assistants.retrieve(made.id), made);
const changed = await assistants.update(made.id, { name: null, metadata: { env: 'dev' }, tools: [] });
assert.deepEqual([changed.name, changed.instructions, changed.tools], [null, 'Be brief.', []]);
assert.deepEqual(changed.metadata, { team: 'support', env: 'dev' });
const ids = [made.id];
for (let n = 0; n < 24; n += 1) ids.push((await assistants.create({ model: 'm' })).id);
const walked = [];
for await (const each of assistants.list({ order: 'asc', limit: 10 })) walked.push(each.id);
assert.deepEqual(walked, ids);
await assert.rejects(assistants.retrieve('asst_nobody'), OpenAI.NotFoundError);
await assert.rejects(assistants.create({ model: 'm', metadata: { a: 1 } }), (error) => {
  assert.ok(error instanceof OpenAI.BadRequestError);
  assert.deepEqual([error.code, error.param], ['invalid_type', 'metadata.a']);
  assert.ok(error.requestID);
  return true;
});
const stranger = new OpenAI({ apiKey: 'sk-wrong', baseURL: process.argv[2], maxRetries: 0 });
await assert.rejects(stranger.beta.assistants.list(), OpenAI.AuthenticationError);
const gone = await assistants.delete(made.id);
assert.deepEqual(gone, { id: made.id, object: 'assistant.deleted', deleted: true });
console.log(JSON.stringify({ walked: walked.length }));
"""


@pytest.mark.skipif(sys.platform == "win32", reason="npm is another program there")
def test_an_assistant_lives_from_create_to_delete_in_openais_node_client(npm: Npm) -> None:
    folder = npm("openai")
    (folder / "life.mjs").write_text(_LIFE, encoding="utf-8")
    with Store(":memory:") as store, running(App(store, key="sk-test").handle) as url:
        ran = subprocess.run(
            ["node", "life.mjs", f"{url}/v1"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
    assert json.loads(ran.stdout) == {"walked": 25}
