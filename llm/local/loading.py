"""From the name of a model to weights, tokenizer and configuration in memory."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from docqa.errors import UsageError
from docqa.llm.cache.layers import Geometry
from docqa.llm.local import attention_function
from docqa.llm.local.support import reason_against

DType = Literal["auto", "float32", "bfloat16", "float16"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory. `reason` says why it runs through transformers' own attention, None when it runs through ours.

    `digest` stands for the weights, the configuration and the tokenizer.
    """

    name: str
    model: Any
    tokenizer: Any
    config: Any
    reason: str | None
    digest: str

    @property
    def geometry(self) -> Geometry:
        """What its keys and values look like."""
        config = self.config
        head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        parameter = next(self.model.parameters())
        return Geometry(
            config.num_hidden_layers, config.num_key_value_heads, head_dim, parameter.dtype, str(parameter.device)
        )


def load(name: str, *, dtype: DType = "auto", device: str = "auto") -> Loaded:
    """Load a Hugging Face causal model by its folder, or by its hub name when it is already on this machine.

    Nothing is downloaded, and no code that came with the model is run. Raises UsageError with what to do.
    """
    try:
        from transformers import AutoConfig, AutoModelForCausalLM
        from transformers.utils import logging as transformers_logging
    except ImportError as error:
        raise UsageError("a model on this machine needs an extra: pip install 'docqa[local]'") from error
    attention_function.register()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    try:
        config = AutoConfig.from_pretrained(name, **options)
        reason = reason_against(config)
        tokenizer = _tokenizer(name, options)
        model: Any = AutoModelForCausalLM.from_pretrained(
            name,
            config=config,
            dtype="auto" if dtype == "auto" else getattr(torch, dtype),
            attn_implementation="sdpa" if reason else attention_function.NAME,
            **options,
        )
        model = model.to(_device(device)).eval()
    except (OSError, ValueError, ImportError, RuntimeError, KeyError) as error:
        raise UsageError(_why_not(name, error)) from error
    if not getattr(tokenizer, "is_fast", False):
        raise UsageError(f"{name}: its tokenizer has no tokenizer.json; save it anew with a recent transformers")
    if reason:
        logging.getLogger("docqa").warning("%s runs dense and keeps no readings: %s", name, reason)
    return Loaded(name, model, tokenizer, config, reason, _digest(model, tokenizer, config))


def _tokenizer(name: str, options: dict[str, Any]) -> Any:
    """What `tokenizer.json` says, with the template and special tokens beside it; without one, what transformers makes.

    AutoTokenizer (transformers 5.24) rebuilds some families' tokenizers from the vocabulary alone: a Qwen2 model's gets
    Qwen2's own normalizer and pre-tokenizer whatever its file and `tokenizer_class` say.
    """
    from transformers import AutoTokenizer, PreTrainedTokenizerFast
    from transformers.utils.hub import cached_file

    try:
        cached_file(name, "tokenizer.json", local_files_only=True)
    except OSError:
        return AutoTokenizer.from_pretrained(name, **options)
    try:
        return PreTrainedTokenizerFast.from_pretrained(name, **options)
    except Exception as error:
        if type(error) is not Exception:
            raise
        raise ValueError(f"its tokenizer.json cannot be read: {error}") from error  # tokenizers has no narrower one


def _device(device: str) -> str:
    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def _why_not(name: str, error: Exception) -> str:
    cause = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    if Path(name).exists():
        return f"cannot load the model in {name}: {cause}"
    if name.startswith(("/", ".", "~")):
        return f"there is no folder {name}; name one with config.json, tokenizer and safetensors"
    return (
        f"there is no model {name!r} on this machine; name a folder with config.json, tokenizer and safetensors, "
        f"or fetch it first: hf download {name}"
    )


def _digest(model: Any, tokenizer: Any, config: Any) -> str:
    """A hash over every weight, so that keys of an edited model are never taken for those of another."""
    digest = hashlib.sha256(json.dumps(config.to_dict(), sort_keys=True, default=str).encode())
    digest.update(tokenizer.backend_tokenizer.to_str().encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        flat = tensor.detach().reshape(-1).contiguous().view(torch.uint8).cpu().numpy()
        digest.update(memoryview(flat))
    return digest.hexdigest()
