"""A model's `tokenizer.json` is taken as it stands, with the template and the special tokens beside it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordLevel

from docqa.errors import UsageError
from docqa.llm.base import Message
from docqa.llm.local.loading import load
from docqa.llm.local.local_llm import LocalLLM
from docqa.llm.local.prompts import prompt_tokens

from . import models

WORDS = ("<unk>", "</s>", "<user>", "<assistant>", "the", "harbour", "was", "quiet", "[", "12", "]")
TEXT = "The HARBOUR was quiet [12] was<ref>Quiet tide"
TOKENS = [4, 5, 6, 7, 8, 9, 10, 6, 11, 7, 0]
COMMIT = "5" * 40


def saved_words(folder: Path, family: str = "qwen2") -> Path:
    """A folder whose tokenizer knows lower-case words and an added token, as no family's own tokenizer does."""
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="<unk>"))
    made.normalizer, made.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    made.add_tokens([AddedToken("<ref>", normalized=False)])
    fast: Any = PreTrainedTokenizerFast
    tokenizer = fast(
        tokenizer_object=made,
        eos_token="</s>",
        unk_token="<unk>",
        additional_special_tokens=["<user>", "<assistant>"],
        chat_template=models.TEMPLATE,
        model_max_length=8192,
    )
    models.random_model(models.config_of(family)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return saved_words(tmp_path / "model")


@pytest.mark.parametrize("family", models.FAMILIES)
def test_texts_have_the_tokens_of_the_file_whatever_the_family(tmp_path: Path, family: str) -> None:
    folder = saved_words(tmp_path, family)
    meant = Tokenizer.from_file(str(folder / "tokenizer.json")).encode(TEXT).ids
    assert meant == TOKENS
    loaded = load(str(folder))
    assert loaded.tokenizer(TEXT).input_ids == meant
    assert LocalLLM(loaded).count_tokens(TEXT) == len(meant)


def test_template_special_tokens_and_the_end_of_a_reply_are_kept(folder: Path) -> None:
    tokenizer = load(str(folder)).tokenizer
    assert prompt_tokens(tokenizer, [Message("user", "The harbour")]) == [2, 4, 5, 1, 3]
    assert (tokenizer.eos_token_id, tokenizer.unk_token_id, tokenizer.model_max_length) == (1, 0, 8192)
    assert tokenizer.decode([2, 4, 5, 1], skip_special_tokens=True) == "the harbour"


def test_a_name_in_the_cache_has_the_tokens_of_its_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = folder.parent / "hub" / "models--docqa--words"
    shutil.copytree(folder, repository / "snapshots" / COMMIT)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(repository.parent))
    tokenizer = load("docqa/words").tokenizer
    assert tokenizer(TEXT).input_ids == TOKENS
    assert prompt_tokens(tokenizer, [Message("user", "The harbour")]) == [2, 4, 5, 1, 3]


def test_without_the_file_transformers_makes_the_familys_tokenizer(tmp_path: Path) -> None:
    folder = models.saved_model(tmp_path)
    made = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.json").write_text(json.dumps(made["model"]["vocab"]), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(" ".join(m) for m in made["model"]["merges"]), encoding="utf-8")
    tokenizer = load(str(folder)).tokenizer
    text = "The harbour was quiet, no. 17."
    assert tokenizer.decode(tokenizer(text).input_ids) == text
    pieces = [piece for piece, _ in tokenizer.backend_tokenizer.pre_tokenizer.pre_tokenize_str("no. 17")]
    assert pieces == ["no", ".", "Ġ", "1", "7"]  # Qwen2 splits numbers into digits
    assert tokenizer.eos_token_id == 1


def test_a_broken_file_is_one_clear_line(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"version": "1.0"')
    with pytest.raises(UsageError, match="cannot load the model in"):
        load(str(folder))
    (folder / "tokenizer.json").write_text('{"version": "1.0", "added_tokens": [], "model": {"type": "Unheard"}}')
    with pytest.raises(UsageError, match=r"its tokenizer\.json cannot be read"):
        load(str(folder))
