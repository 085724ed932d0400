"""`docqa serve-model` as a process, with a model of random weights, and its refusals."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.app.conftest import DocqaCommand
from tests.llm.local import models


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return models.saved_model(tmp_path_factory.mktemp("models") / "little")


@pytest.fixture
def server(model_folder: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "docqa.app.cli", "serve-model", str(model_folder), "--port", "0", "--api-key", "k"]
    environment = {**os.environ, "DOCQA_CACHE_DIR": str(tmp_path), "DOCQA_CONTEXT_LENGTH": "600"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        yield process
        process.kill()


def test_a_folder_is_served_until_it_is_interrupted(server: subprocess.Popen[str]) -> None:
    assert server.stderr is not None
    greeting = server.stderr.readline()
    found = re.fullmatch(r"docqa: little \(600 tokens\) at (http://127\.0\.0\.1:\d+/v1); Ctrl-C ends it\n", greeting)
    assert found is not None, greeting + server.stderr.read()
    with openai.OpenAI(base_url=found[1], api_key="k", max_retries=0) as client:
        (card,) = client.models.list().data
        assert (card.id, card.model_dump()["max_model_len"]) == ("little", 600)
        asked: Any = [{"role": "user", "content": "How many?"}]
        schema: Any = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 0, "maximum": 9}}}
        form: Any = {"type": "json_schema", "json_schema": {"name": "n", "schema": {**schema, "required": ["n"]}}}
        reply = client.chat.completions.create(
            model="little", messages=asked, seed=1, max_tokens=60, response_format=form
        )
        assert re.match(r'\{"n": \d', reply.choices[0].message.content or "")
        with pytest.raises(openai.BadRequestError, match="600 tokens"):
            client.chat.completions.create(model="little", messages=[{"role": "user", "content": "ha " * 900}])
    server.send_signal(signal.SIGINT)
    assert server.wait(120) == 0
    assert server.stderr.read() == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--host", "0.0.0.0"),
            "docqa: at 0.0.0.0 others could use the model: set --api-key, or leave --host as it is\n",
        ),
        (("--host", "no.such.host.invalid", "--api-key", "k"), "cannot listen at no.such.host.invalid"),
        ((), "no-such-model"),
    ],
)
def test_what_cannot_be_served_is_one_clear_line(docqa: DocqaCommand, arguments: tuple[str, ...], said: str) -> None:
    run = docqa("serve-model", "no-such-model", "--port", "0", *arguments)
    assert run.code == 2
    assert said in run.err
    assert run.err.count("\n") == 1


def test_a_port_that_is_taken_is_named(docqa: DocqaCommand) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = docqa("serve-model", "no-such-model", "--port", str(port))
    assert run.code == 2
    assert run.err.startswith(f"docqa: cannot listen at 127.0.0.1, port {port}: ")
