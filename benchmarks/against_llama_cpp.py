"""Reading a prompt: our sparse attention against llama.cpp, the same float32 weights, both on the processor.

    pip install llama-cpp-python gguf    # compiled here, so for this processor
    python -m benchmarks.against_llama_cpp [--tokens 16384] [--layers 1] [--rounds 5]

The model is that of local_model_speed, written as GGUF for llama.cpp; that both compute the same is checked first, on a
short prompt. llama.cpp keeps keys and values in float32 as we do, and is timed with its fused attention and without.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.attention_speed import show
from benchmarks.interleaved import measured
from benchmarks.local_model_speed import model_of, read, readings_of, tokens_of
from docqa.llm.local import attention_function

_PARTS = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_WHOLE = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


def write_gguf(model: Any, path: Path) -> None:
    """The weights of a Qwen2 model, with a vocabulary of as many made-up words."""
    from gguf import GGUFWriter

    config = model.config
    writer: Any = GGUFWriter(path, "qwen2")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([f"w{n}" for n in range(config.vocab_size)])
    writer.add_token_merges(["w 0"])
    writer.add_eos_token_id(0)
    for name, weight in model.state_dict().items():
        writer.add_tensor(gguf_name(name), weight.float().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def gguf_name(name: str) -> str:
    """What llama.cpp calls a weight of transformers' Qwen2.

    >>> gguf_name("model.layers.3.self_attn.q_proj.bias"), gguf_name("lm_head.weight")
    ('blk.3.attn_q.bias', 'output.weight')
    """
    part, _, kind = name.rpartition(".")
    if part in _WHOLE:
        return f"{_WHOLE[part]}.{kind}"
    number, _, rest = part.removeprefix("model.layers.").partition(".")
    return f"blk.{number}.{_PARTS[rest]}.{kind}"


def llama_of(path: Path, n_tokens: int, *, fused: bool) -> Any:
    """llama.cpp on one thread."""
    from llama_cpp import GGML_TYPE_F32, Llama

    make: Any = Llama
    return make(
        str(path),
        n_ctx=n_tokens + 64,
        n_batch=2048,
        n_ubatch=512,
        n_threads=1,
        n_threads_batch=1,
        flash_attn=fused,
        type_k=GGML_TYPE_F32,
        type_v=GGML_TYPE_F32,
        verbose=False,
    )


def read_by_llama(llama: Any, tokens: list[int]) -> None:
    """Read a prompt from its beginning."""
    llama.reset()
    llama.eval(tokens)


def difference(llama: Any, model: Any) -> float:
    """The largest difference of the logits behind a short prompt, of their own range."""
    tokens = tokens_of(300)
    read_by_llama(llama, tokens)
    theirs = torch.tensor(llama._ctx.get_logits()[: model.config.vocab_size])
    with torch.no_grad():
        ours = model(input_ids=torch.tensor([tokens]), logits_to_keep=1).logits[0, -1]
    return float((theirs - ours).abs().max() / (ours.max() - ours.min()))


def main() -> None:
    """Print how many times faster than llama.cpp each way is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tokens", type=int, default=16384)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    ours = model_of(options.layers, attention_function.NAME)
    tokens = tokens_of(options.tokens)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.gguf"
        write_gguf(ours, path)
        fused, plain = (llama_of(path, options.tokens, fused=fused) for fused in (True, False))
        share = difference(fused, model_of(options.layers, "sdpa"))
        print(f"logits behind 300 tokens differ by {share:.1e} of their range")
        ways: dict[str, Callable[[], object]] = {
            "llama.cpp": partial(read_by_llama, plain, tokens),
            "llama.cpp, fused attention": partial(read_by_llama, fused, tokens),
            "ours, dense": lambda: read(readings_of(ours, sparse=False), tokens, sparse=False),
            "ours, sparse": lambda: read(readings_of(ours), tokens),
        }
        title = f"prefill {options.tokens} tokens, {options.layers} layers of Qwen2.5-0.5B, float32, one thread"
        show(title, measured(ways, options.rounds), ("llama.cpp", "llama.cpp, fused attention"), 1)


if __name__ == "__main__":
    main()
