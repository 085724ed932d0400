"""Small models with random weights, in folders as transformers saves them; made by the tests themselves."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch

TEMPLATE = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
FAMILIES = ("llama", "mistral", "qwen2", "qwen3")
_WORDS = 'the harbour was quiet and no vessel left before tide [1] {"a": "b", 17} What is code of north gate?'


def config_of(family: str, **changes: Any) -> Any:
    """Two layers, four heads on two KV heads."""
    from transformers import AutoConfig

    sizes = {
        "vocab_size": 320,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 8192,
        "tie_word_embeddings": True,
        "eos_token_id": 1,
        "bos_token_id": None,
        "pad_token_id": None,
        "sliding_window": None,
    }
    return AutoConfig.for_model(family, **{**sizes, **changes})


def random_model(config: Any, *, implementation: str = "eager", seed: int = 0) -> Any:
    """Weights larger than at the start of a training, so that attention is not flat."""
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    auto: Any = AutoModelForCausalLM
    model = auto.from_config(copy.deepcopy(config), attn_implementation=implementation)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "proj" in name:
                parameter.copy_(torch.randn_like(parameter) * (0.4 if "q_proj" in name or "k_proj" in name else 0.15))
    return model.eval()


def tokenizer(*, template: str | None = TEMPLATE) -> Any:
    """Every byte and some words; `</s>` ends a turn."""
    from tokenizers import Tokenizer
    from tokenizers.decoders import ByteLevel as ByteLevelDecoder
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel
    from tokenizers.trainers import BpeTrainer
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(BPE())
    made.pre_tokenizer, made.decoder = ByteLevel(add_prefix_space=False), ByteLevelDecoder()
    special = ["<pad>", "</s>", "<user>", "<system>", "<assistant>"]
    trainer = BpeTrainer(
        vocab_size=320, special_tokens=special, initial_alphabet=ByteLevel.alphabet(), show_progress=False
    )
    made.train_from_iterator([_WORDS] * 3, trainer)
    fast: Any = PreTrainedTokenizerFast
    return fast(
        tokenizer_object=made, eos_token="</s>", pad_token="<pad>", chat_template=template, model_max_length=8192
    )


def saved_model(folder: Path, family: str = "qwen2", *, template: str | None = TEMPLATE, **changes: Any) -> Path:
    """The folder of a model with a tokenizer."""
    random_model(config_of(family, **changes)).save_pretrained(folder)
    tokenizer(template=template).save_pretrained(folder)
    return folder


def tokens(n: int, seed: int = 0) -> list[int]:
    """A random text, without the token that ends one."""
    return [int(t) for t in torch.randint(5, 320, (n,), generator=torch.Generator().manual_seed(seed))]
