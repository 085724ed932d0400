"""How many tokens real vocabularies need for a text, as a multiple of the count that docqa makes without them.

    python benchmarks/token_estimates.py --vocabulary PATH/tokenizer.json --vocabulary PATH/tokenizer.model TEXT...

A vocabulary is the file that a model ships: `tokenizer.json` (Hugging Face), `tekken.json` (Mistral), ranked bytes as
tiktoken has them, or a SentencePiece model (needs the package sentencepiece). A text is any UTF-8 file. The highest
figures say by how much llm/token_counting.py has to raise its estimates for unknown vocabularies, and the lowest how
few tokens a server may report that has read everything.
"""

from __future__ import annotations

import argparse
import base64
import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docqa.tokens import count_tokens

Count = Callable[[str], int]

# The pieces that ranked bytes are applied to. Every family has its own, which changes counts by about a percent.
_PIECES = (
    r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"""
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vocabulary", type=Path, action="append", required=True)
    parser.add_argument("texts", type=Path, nargs="+")
    options = parser.parse_args()
    texts = {path.name: path.read_text(encoding="utf-8") for path in options.texts}
    print(f"{'vocabulary':48}", *(f"{name[:14]:>14}" for name in texts))
    ratios: list[float] = []
    for path in options.vocabulary:
        count = vocabulary(path)
        row = [count(text) / count_tokens(text).n_tokens for text in texts.values()]
        ratios += row
        print(f"{'/'.join(path.parts[-2:])[:48]:48}", *(f"{ratio:14.3f}" for ratio in row))
    print(f"lowest {min(ratios):.3f}, highest {max(ratios):.3f}")


def vocabulary(path: Path) -> Count:
    """How the vocabulary of a file counts tokens."""
    if path.name == "tokenizer.json":
        library: Any = importlib.import_module("tokenizers")
        tokenizer = library.Tokenizer.from_file(str(path))
        return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)
    head = path.read_bytes()[:64]
    if path.suffix == ".json":
        tekken = json.loads(path.read_text(encoding="utf-8"))
        n_ranks = tekken["config"]["default_vocab_size"] - tekken["config"]["default_num_special_tokens"]
        ranks = {base64.b64decode(item["token_bytes"]): item["rank"] for item in tekken["vocab"][:n_ranks]}
        return _ranked(ranks, tekken["config"]["pattern"])
    if head.split(b"\n", 1)[0].count(b" ") == 1 and head.isascii():
        lines = path.read_text(encoding="ascii").splitlines()
        return _ranked({base64.b64decode(word): int(rank) for word, rank in (line.split() for line in lines if line)})
    library = importlib.import_module("sentencepiece")
    pieces = library.SentencePieceProcessor(model_file=str(path))
    return lambda text: len(pieces.encode(text))


def _ranked(ranks: dict[bytes, int], pieces: str = _PIECES) -> Count:
    from tiktoken import Encoding

    encoding = Encoding("from a file", pat_str=pieces, mergeable_ranks=ranks, special_tokens={})
    return lambda text: len(encoding.encode_ordinary(text))


if __name__ == "__main__":
    main()
