"""What can be chosen on the page is what this installation has."""

from __future__ import annotations

import pytest

from docqa.agents.router.learned import Learned
from docqa.agents.router.rules import Rules
from docqa.app.build import LLMS, READERS, build_answerer, build_corpus, build_library
from docqa.app.config import Settings, with_changes
from docqa.app.model_check import check_model
from docqa.app.settings_choices import chosen_model, model_choices, models_at_hand, route_label, routes
from docqa.errors import DocqaError, ModelUnreachable, UsageError
from tests.agents.reading_model import model_of
from tests.llm.openai_server import OpenAIServer

SERVER = Settings(model="openai:qwen", base_url="http://127.0.0.1:1/v1")


def test_every_reader_and_every_kind_of_model_can_be_chosen() -> None:
    assert set(model_choices()) == {*(f"embedded:{reader}" for reader in READERS), *LLMS}


@pytest.mark.parametrize(
    ("model", "chosen"),
    [
        ("embedded", ("embedded:trained", "")),
        ("embedded:lexical", ("embedded:lexical", "")),
        ("embedded:cross-encoder:a/b", ("embedded:cross-encoder", "a/b")),
        ("openai:a:b", ("openai", "a:b")),
    ],
)
def test_the_settings_name_one_of_the_choices(model: str, chosen: tuple[str, str]) -> None:
    assert chosen_model(Settings(model=model)) == chosen


def test_without_a_model_there_is_no_reading_at_once() -> None:
    assert "full_context" not in routes("embedded:trained")
    assert set(routes("openai")) - set(routes("embedded")) == {"full_context"}


def test_every_route_that_can_be_chosen_can_be_taken(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = Settings(cache_dir=tmp_path_factory.mktemp("c"))
    with build_library(settings) as library:
        corpus = build_corpus(settings, library)
        for route in routes("embedded"):
            build_answerer(with_changes(settings, {"route": route}), corpus).router()
            assert route in route_label(route)


def test_the_present_model_can_be_asked_again_and_those_that_need_nothing() -> None:
    assert list(models_at_hand(SERVER)) == ["openai:qwen", "embedded:lexical", "embedded:trained"]
    assert list(models_at_hand(Settings())) == ["embedded", "embedded:lexical"]


@pytest.mark.parametrize("changes", [{"max_tokens": "many"}, {"max_seconds": -1}, {"wings": 2}])
def test_what_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="settings"):
        with_changes(Settings(), changes)


def check(settings: Settings) -> str:
    with build_library(settings) as library:
        answering = build_answerer(settings, build_corpus(settings, library))
        try:
            return check_model(answering)
        finally:
            answering.close()


def test_the_trial_lets_the_embedded_reader_answer(tmp_path_factory: pytest.TempPathFactory) -> None:
    assert check(Settings(cache_dir=tmp_path_factory.mktemp("c"))).startswith("Ready: without a language model")


def test_the_trial_asks_the_server_and_says_what_it_can_hold(tmp_path_factory: pytest.TempPathFactory) -> None:
    with OpenAIServer(model_of(lambda messages: "ready \x1b[2J")) as server:
        settings = Settings(cache_dir=tmp_path_factory.mktemp("c"), model="openai:test-model", base_url=server.url)
        said = check(settings)
    assert "said “ready [2J”" in said
    assert "8,192 tokens" in said


def test_the_trial_says_in_one_line_that_nobody_is_there(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = with_changes(SERVER, {"cache_dir": tmp_path_factory.mktemp("c")})
    with pytest.raises(DocqaError) as caught:
        check(settings)
    assert isinstance(caught.value, ModelUnreachable)
    assert "\n" not in str(caught.value)


def test_learned_weights_serve_the_reader_they_were_fitted_on_and_hinder_no_language_model(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    learned = Settings(cache_dir=tmp_path_factory.mktemp("c"), router="learned")
    with build_library(learned) as library:
        corpus = build_corpus(learned, library)
        lexical = build_answerer(with_changes(learned, {"model": "embedded:lexical"}), corpus)
        assert isinstance(lexical.policy, Learned)
        served = build_answerer(with_changes(learned, {"model": "openai:x", "base_url": SERVER.base_url}), corpus)
        assert isinstance(served.policy, Rules)
        served.close()
        with pytest.raises(UsageError, match=r"no weights for the reader 'trained' \(it has: lexical\)"):
            build_answerer(learned, corpus)
