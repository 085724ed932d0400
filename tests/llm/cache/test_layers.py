"""The cache in memory."""

from __future__ import annotations

import torch

from docqa.llm.cache.layers import KVCache

from .kv_samples import GEOMETRY, cache_of, equal


def test_what_is_appended_in_parts_is_what_is_appended_at_once() -> None:
    whole, grown = cache_of(300), KVCache.empty(GEOMETRY, 10)
    for source, layer in zip(whole.layers, grown.layers, strict=True):
        for start, end in ((0, 7), (7, 10), (10, 200), (200, 300)):
            layer.append(source.keys[:, start:end], source.values[:, start:end])
    assert grown.length == 300
    assert equal(whole, grown, 300)


def test_room_that_was_reserved_is_not_moved() -> None:
    cache = cache_of(10)
    cache.reserve(500)
    layer = cache.layers[0]
    before = layer.keys.data_ptr()
    layer.append(torch.zeros(2, 490, 16), torch.zeros(2, 490, 16))
    assert layer.keys.data_ptr() == before
    assert layer.room == 500


def test_a_cropped_cache_goes_on_from_there_also_in_its_copy_of_the_keys() -> None:
    cache, q = cache_of(512), torch.randn(4, 16)
    layer = cache.layers[0]
    before = layer.copy().page_scores(q, 1.0)
    cache.crop(256)
    assert cache.length == 256
    layer.append(torch.zeros(2, 256, 16), torch.zeros(2, 256, 16))
    after = layer.copy().page_scores(q, 1.0)
    assert torch.equal(before[:, :16], after[:, :16])
    assert not torch.allclose(before[:, 16:], after[:, 16:])


def test_bytes_per_token_count_keys_and_values_of_all_layers() -> None:
    assert GEOMETRY.bytes_per_token == 2 * 3 * 2 * 16 * 4
